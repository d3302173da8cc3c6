// The policies of the samples for containers and Kubernetes: they refuse to start with their placeholder, and with an
// account in its place an instance enrolls, renews and, after an operator's reset, enrolls with a new key. All of it
// with the text of the samples, real processes and an emulated metadata service.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigMap } from 'kubernetes-types/core/v1'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type MetadataEmulator, createMetadataEmulator } from '../../../src/emulator/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import type { RollcallCommand, Run } from '../../support/command.ts'
import { type ProcessOptions, buildCommand } from '../../support/command-process.ts'
import { type Listener, listen } from '../../support/listener.ts'
import { waitUntil } from '../../support/processes.ts'
import { readProjectFile } from '../../support/sources.ts'
import { startService } from '../../support/start-service.ts'

const PLACEHOLDER = 'YOUR-ACCOUNT-ID'
const RENEWALS = 3
/** So that a renewal is due after 2 seconds, not after 200. */
const LIFETIME_SECONDS = 3
const LIMIT_MS = 120_000

const manifest = parseAllDocuments(readProjectFile('functions/container/kubernetes.yaml'))
  .map((document) => document.toJS() as ConfigMap)
  .find(({ kind }) => kind === 'ConfigMap')
const [, pagePolicy = ''] =
  /policy\.json <<END\n([^]*?)^END$/m.exec(readProjectFile('docs/deploy/kubernetes.md')) ?? []

/** The policies as they stand there, the placeholder in them. */
const SAMPLES = [
  ['kubernetes.yaml', manifest?.data?.['policy.json'] ?? ''],
  ['the page on containers', pagePolicy.replace('$account', () => PLACEHOLDER)],
] as const

const folder = mkdtempSync(join(tmpdir(), 'rollcall-samples-'))
let command: RollcallCommand<ProcessOptions>
let emulator: MetadataEmulator
let metadata: Listener
let account: string
beforeAll(async () => {
  command = await buildCommand()
  emulator = await createMetadataEmulator()
  metadata = await listen({ fetch: (request) => emulator.fetch(request) })
  account = emulator.instances[0]?.ownerAccountId ?? ''
})
afterAll(async () => {
  await metadata?.close()
  command?.remove()
  rmSync(folder, { recursive: true, force: true })
})

interface Sample {
  readonly roles: Readonly<Record<string, { readonly token: object }>>
}

/** The sample with an account, and tokens that don't live long; nothing else is changed. */
const filled = (sample: string): Sample => {
  expect(sample.split(PLACEHOLDER)).toHaveLength(2)
  const { roles } = JSON.parse(sample.replace(PLACEHOLDER, account)) as Sample
  const shortened = Object.entries(roles).map(([name, role]) => [
    name,
    { ...role, token: { ...role.token, lifetime_seconds: LIFETIME_SECONDS } },
  ])
  return { roles: Object.fromEntries(shortened) as Sample['roles'] }
}

/** Starts the service with a sample, and its operators' keys, each in a file as the samples have them. */
const start = async (sample: string, context: TestContext) => {
  const place = mkdtempSync(join(folder, 'service-'))
  const operator = join(place, 'operator.json')
  const files: Record<string, string> = {
    'policy.json': JSON.stringify(filled(sample)),
    'signing-keys.json': JSON.stringify(await generateSigningKeys('ES256')),
    'admin-keys.json': (await command.run(['admin', 'keygen', '--out', operator])).stdout,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text)
  const { url } = await startService('Node', {
    context,
    variables: {
      ROLLCALL_POLICY_FILE: join(place, 'policy.json'),
      ROLLCALL_SIGNING_KEYS_FILE: join(place, 'signing-keys.json'),
      ROLLCALL_ADMIN_KEYS_FILE: join(place, 'admin-keys.json'),
      ROLLCALL_TRUST_ANCHORS: emulator.certificatePem,
    },
  })
  const enroll = (key: string, args: readonly string[], options?: ProcessOptions): Promise<Run> => {
    const common = [
      '--role',
      'worker',
      '--metadata-url',
      metadata.url,
      '--dpop-key',
      join(place, key),
    ]
    return command.run(
      ['enroll', url, ...common, '--out', join(place, 'token.jwt'), ...args],
      options,
    )
  }
  const admin = (...args: readonly string[]): Promise<Run> =>
    command.run(['admin', ...args, '--issuer', url, '--key', operator])
  return { enroll, admin }
}

describe.each(SAMPLES)('the policy of %s', (_name, sample) => {
  const check = (text: string): Promise<Run> =>
    command.run(['policy', 'check', '-'], { stdin: text })

  it('is refused as long as the account is a placeholder', async () => {
    const { status, stdout } = await check(sample)
    expect(status).toBe(1)
    expect(stdout).toMatch(
      /1 problem\n {2}roles\.worker\.match\.owner_account_id.*expected the digits/,
    )
  })

  it('is accepted with an account in its place, and renews with the key', async () => {
    const { status, stdout, stderr } = await check(sample.replace(PLACEHOLDER, account))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^worker +same_key +300 s +with the key of the first enrollment/m)
  })

  it(
    'lets an instance enroll and renew, and enroll with a new key once an operator has reset it',
    async (context) => {
      const { enroll, admin } = await start(sample, context)
      let stopped: Promise<void> | undefined
      const stayed = await enroll('key.json', ['--renew', '--json'], {
        started: (child, output) => {
          const enrolled = (): boolean => output.stdout.split('\n').length - 1 > RENEWALS
          const alive = (): boolean => child.exitCode === null
          stopped = waitUntil(enrolled, { seconds: 60, what: 'the renewals', alive }).finally(() =>
            child.kill('SIGTERM'),
          )
        },
      })
      await stopped
      expect(stayed.status).toBe(0)

      expect(await enroll('another-key.json', ['--json'])).toMatchObject({ status: 4, stdout: '' })
      const { stdout } = await admin('list', '--json')
      const [{ region_id: region, instance_id: instance, enrollments }] = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>) as [Record<string, unknown>]
      expect(enrollments).toBeGreaterThan(RENEWALS)
      const reset = await admin('reset', account, String(region), String(instance))
      expect(reset).toMatchObject({ status: 0 })
      // A challenge of the very second of the reset is refused.
      await new Promise((resolve) => setTimeout(resolve, 1100))
      expect(await enroll('another-key.json', ['--json'])).toMatchObject({ status: 0 })
      expect(await enroll('key.json', ['--json'])).toMatchObject({ status: 4, stdout: '' })
    },
    LIMIT_MS,
  )
})
