// The Worker with its policy in the bundle: for a policy that is longer than a variable may be.

import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { getChallenge, postEvidence } from '../../support/instance.ts'
import { waitUntil } from '../../support/processes.ts'
import { type RunningService, startService } from '../../support/start-service.ts'
import { ROOT } from '../../support/sources.ts'
import { DOCUMENT_FIELDS, sharedTestCloud, signedEvidence } from '../../support/test-cloud.ts'

const VARIABLE_BYTES = 5 * 1024
const ROLES = 60

/** Many roles of which only the last one admits the account of the tests. */
const policyText = JSON.stringify({
  roles: Object.fromEntries(
    Array.from({ length: ROLES }, (_, i) => [
      `role-${i}`,
      {
        match: { owner_account_id: [i === ROLES - 1 ? DOCUMENT_FIELDS['owner-account-id'] : '1'] },
        token: { audience: ['https://cluster.example'] },
        reenrollment: 'always',
      },
    ]),
  ),
})

const folder = mkdtempSync(join(tmpdir(), 'rollcall-worker-policy-'))
const running = new Set<RunningService>()
afterAll(async () => {
  await Promise.all([...running].map(({ stop }) => stop()))
  rmSync(folder, { recursive: true, force: true })
})

beforeAll(() => {
  for (const path of ['src', 'functions', 'wrangler.toml', 'package.json', 'tsconfig.json']) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'functions/policy-long.json'), policyText)
})

const start = async (variables: Record<string, string>, state: string): Promise<RunningService> => {
  const keys = { ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')) }
  const config = join(folder, 'wrangler.toml')
  const options = { folder: join(folder, state), config }
  const service = await startService('workerd', {
    variables: { ...keys, ...variables },
    ...options,
  })
  running.add(service)
  return service
}

it('the Worker takes a policy of more than 5 KB from a file in its bundle', async () => {
  expect(policyText.length).toBeGreaterThan(VARIABLE_BYTES)
  const cloud = await sharedTestCloud()
  const { url } = await start(
    {
      ROLLCALL_POLICY_FILE: './policy-long.json',
      ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
    },
    'good',
  )
  const evidence = signedEvidence(cloud, await getChallenge(url))
  expect(await postEvidence(url, evidence)).toMatchObject({
    status: 200,
    body: { role: `role-${ROLES - 1}` },
  })
})

it('the Worker answers 503 without the file that it is to read, and says so in its log', async () => {
  const { url, output } = await start({ ROLLCALL_POLICY_FILE: './policy-other.json' }, 'bad')
  expect((await fetch(`${url}/v1/challenge`, { method: 'POST' })).status).toBe(503)
  const problem = 'ROLLCALL_POLICY_FILE: cannot read ./policy-other.json'
  await waitUntil(() => output().includes(problem), { seconds: 10, what: 'the problem' })
})
