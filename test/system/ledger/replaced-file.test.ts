// A ledger's file that is replaced under a running service, by the entries of the project.

import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, expect, it } from 'vitest'
import { type PostedEvidence, getChallenge, postEvidence } from '../../support/instance.ts'
import { requireNode24 } from '../../support/node24.ts'
import { waitUntil } from '../../support/processes.ts'
import {
  DENO,
  type RunningService,
  startService,
  usualVariables,
} from '../../support/start-service.ts'
import { sharedTestCloud, signedEvidence } from '../../support/test-cloud.ts'

/** How an entry is started whose ledger is in a folder. */
type Command = (folder: string, context: TestContext) => Promise<readonly string[]>

const onNode: Command = async (_, context) => [await requireNode24(context), 'functions/node.ts']

const onDeno: Command = async (folder) => {
  const flags = ['--no-prompt', '--cached-only', '--unstable-kv', '--allow-net', '--allow-env']
  const files = [`--allow-read=${folder}`, `--allow-write=${folder}`]
  return [DENO, 'run', ...flags, ...files, 'functions/deno.ts']
}

/** A service whose ledger is a file in a folder. */
const startOnFile = async (
  kind: string,
  command: Command,
  context: TestContext,
): Promise<{ readonly service: RunningService; readonly folder: string }> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-replaced-'))
  context.onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const variables = {
    ...(await usualVariables(await sharedTestCloud())),
    ROLLCALL_LEDGER: `${kind}:${join(folder, 'ledger.db')}`,
  }
  const runtime = command === onDeno ? 'Deno' : 'Node'
  const options = { context, variables, command: await command(folder, context) }
  return { service: await startService(runtime, options), folder }
}

describe('a service whose ledger file is replaced', () => {
  it.for([
    ['sqlite', 'Node 24', onNode],
    ['sqlite', 'Deno', onDeno],
    ['deno-kv', 'Deno', onDeno],
  ] as const)(
    'of %s on %s answers 503 once, says so, and refuses what was made before',
    async ([kind, , command], context) => {
      const { service, folder } = await startOnFile(kind, command, context)
      const evidence = async (): Promise<PostedEvidence> =>
        signedEvidence(await sharedTestCloud(), await getChallenge(service.url))
      const spent = await evidence()
      expect((await postEvidence(service.url, spent)).status).toBe(200)
      const made = await evidence()

      // As when the folder's volume is exchanged: the file and what belongs to it.
      for (const name of readdirSync(folder)) {
        renameSync(join(folder, name), join(folder, `old-${name}`))
      }
      const first = await postEvidence(service.url, made)
      expect([first.status, first.body['code']]).toEqual([503, 'unavailable'])
      await waitUntil(() => /has lost its epoch[^]*begins at/.test(service.output()), {
        seconds: 10,
        what: 'it says so',
      })
      for (const before of [spent, made]) {
        const refused = await postEvidence(service.url, before)
        expect([refused.status, refused.body['code']]).toEqual([401, 'invalid_evidence'])
      }
      const reasons = (): unknown[] => service.auditEvents().map(({ reason }) => reason)
      await expect
        .poll(reasons, { timeout: 10_000 })
        .toEqual(expect.arrayContaining(Array(2).fill('challenge_before_ledger')))
      expect((await postEvidence(service.url, await evidence())).status).toBe(200)
      expect(readdirSync(folder)).toContain('ledger.db')
    },
  )
})
