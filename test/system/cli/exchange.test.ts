// What an instance does with its bound token, each step in a process of its own, with the service in another: enroll,
// exchange, show it with curl, and be banned.

import { execFile } from 'node:child_process'
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMetadataEmulator } from '../../../src/emulator/index.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { admitRequest, createTokenVerifier } from '../../../src/relying-party/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import type { RollcallCommand, Run } from '../../support/command.ts'
import { type ProcessOptions, buildCommand } from '../../support/command-process.ts'
import { type Listener, listen } from '../../support/listener.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { requireTool } from '../../support/requirements.ts'
import { type ServiceProcess, startService } from '../../support/start-service.ts'
import { claimsOf } from '../../support/test-enroller.ts'

const APP = 'https://app.example'
const INTERNAL = 'https://rollcall.internal'

let command: RollcallCommand<ProcessOptions>
let service: ServiceProcess
let metadata: Listener
/** Every token and key that a run must not show, but on its standard output when it is asked for it. */
const secrets: string[] = []

beforeAll(async () => {
  command = await buildCommand()
  const emulator = await createMetadataEmulator()
  metadata = await listen({ fetch: (request) => emulator.fetch(request) })
  const operator = await generateSigningKeys('ES256')
  writeFileSync(file('operator.json'), JSON.stringify(operator), { mode: 0o600 })
  const { jwks } = await parseSigningKeys(operator)
  const role = {
    match: { owner_account_id: [emulator.instances[0]?.ownerAccountId] },
    token: { audience: [INTERNAL] },
    reenrollment: 'same_key',
    exchange: [{ audience: APP, binding: 'none' }],
  }
  service = await startService('Node', {
    variables: {
      ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
      ROLLCALL_POLICY: JSON.stringify({ roles: { worker: role } }),
      ROLLCALL_TRUST_ANCHORS: emulator.certificatePem,
      ROLLCALL_ADMIN_KEYS: JSON.stringify(jwks),
    },
  })
}, 60_000)
afterAll(async () => {
  await service.stop()
  await metadata.close()
  command.remove()
})

const file = (name: string): string => join(command.folder, name)
const read = (name: string): string => readFileSync(file(name), 'utf8')

const rollcall = async (args: readonly string[], options: ProcessOptions = {}): Promise<Run> => {
  const run = await command.run(args, options)
  for (const secret of secrets) {
    expect(run.stderr).not.toContain(secret)
    expect(service.output()).not.toContain(secret)
  }
  return run
}

const enroll = (...args: string[]): Promise<Run> =>
  rollcall([
    'enroll',
    service.url,
    '--metadata-url',
    metadata.url,
    '--dpop-key',
    'key.json',
    '--out',
    'token.jwt',
    ...args,
  ])

const EXCHANGE = ['--token', 'token.jwt', '--dpop-key', 'key.json', '--audience', APP]

/** Keeps what the files hold as secrets from now on. */
const keepSecrets = (...names: string[]): void => {
  secrets.push(...names.map(read))
  const { keys } = JSON.parse(read('key.json')) as { readonly keys: readonly { d: string }[] }
  secrets.push(...keys.map(({ d }) => d))
}

/** Runs a line of the shell where the command runs. The relying party is in this process, so it must not block. */
const shell = async (line: string, env: Record<string, string>): Promise<string> => {
  const options = { cwd: command.folder, env: cleanEnvironment(env) }
  return (await promisify(execFile)('sh', ['-c', line], options)).stdout
}

describe.sequential('an instance with a bound token', () => {
  it('exchanges it for a token in a file that only its owner can read', async () => {
    expect(await enroll()).toMatchObject({ status: 0 })
    keepSecrets('token.jwt')
    const run = await rollcall(['exchange', service.url, ...EXCHANGE, '--out', 'app.jwt'])
    expect(run, run.stderr).toMatchObject({ status: 0, stdout: '' })
    keepSecrets('app.jwt')
    expect(statSync(file('app.jwt')).mode & 0o777).toBe(0o600)
    expect(readdirSync(command.folder).filter((name) => name.startsWith('app.jwt'))).toEqual([
      'app.jwt',
    ])
    expect(claimsOf(read('app.jwt'))).toMatchObject({ aud: [APP], role: 'worker' })
  })

  it('has both tokens inspected and verified', async () => {
    const inspected = await rollcall(['token', 'inspect', 'token.jwt'])
    expect(inspected.stdout).toMatch(/^bound +to the key /m)
    const verify = (path: string, audience: string, ...args: string[]): Promise<Run> =>
      rollcall(['token', 'verify', path, '--issuer', service.url, '--audience', audience, ...args])
    expect(await verify('app.jwt', APP)).toMatchObject({ status: 0, stderr: '' })
    expect(await verify('token.jwt', INTERNAL)).toMatchObject({ status: 1, stderr: '' })
    expect(await verify('token.jwt', INTERNAL, '--dpop-key', 'key.json')).toMatchObject({
      status: 0,
      stderr: '',
    })
  })

  it('exchanges each token of an enrollment in the command of --exec', async () => {
    const program = `'${process.execPath}' '${command.folder}/dist/cli/rollcall.js'`
    const args = `--dpop-key key.json --audience ${APP} --out exec.jwt`
    const run = await enroll('--exec', `${program} exchange ${service.url} ${args}`)
    expect(run.status, run.stderr).toBe(0)
    expect(claimsOf(read('exec.jwt'))).toMatchObject({
      aud: [APP],
      enrollment_jti: claimsOf(read('token.jwt'))['jti'],
    })
    keepSecrets('token.jwt', 'exec.jwt')
  })

  it('shows it with curl, as the help of token proof says, and each proof once', async (context) => {
    requireTool(context, 'curl', 'apt-get install curl')
    const ledger = createMemoryLedger(0)
    const urls: string[] = []
    const app = await listen({
      fetch: async (request) => {
        urls.push(request.url)
        const verifier = createTokenVerifier({
          issuer: service.url,
          audience: INTERNAL,
          bound: 'require',
          proofs: ledger,
          publicUrl: app.url,
        })
        const admission = await admitRequest(request, { verifier })
        return admission.admitted ? new Response(admission.enrollment.role) : admission.response
      },
    })
    try {
      const url = `${app.url}/nodes?page=1`
      const proof = await rollcall(['token', 'proof', url, ...EXCHANGE.slice(0, 4)])
      expect(proof, proof.stderr).toMatchObject({ status: 0, stderr: '' })
      const script = `printf 'Authorization: DPoP %s\\nDPoP: %s\\n' "$(cat token.jwt)" "$proof" |
        curl -sS -H @- "$url" -w ' %{http_code}'`
      const show = (): Promise<string> => shell(script, { url, proof: proof.stdout })
      expect(await show()).toBe('worker 200')
      expect(await show()).toMatch(/ 401$/)
      expect(urls).toEqual([url, url])
    } finally {
      await app.close()
    }
  })

  it('gets no more tokens once it is banned', async () => {
    const { ecs } = claimsOf(read('token.jwt')) as { ecs: { instance_id: string } }
    const operator = ['--issuer', service.url, '--key', 'operator.json']
    const ban = ['admin', 'ban', 'instance', ecs.instance_id, '--reason', 'a test', ...operator]
    expect(await rollcall(ban)).toMatchObject({ status: 0 })
    const run = await rollcall(['exchange', service.url, ...EXCHANGE, '--out', 'banned.jwt'])
    expect(run).toMatchObject({ status: 4, stdout: '' })
    expect(run.stderr).toContain('(invalid_grant)')
    expect(readdirSync(command.folder)).not.toContain('banned.jwt')
    const { outcome, event } = service.auditEvents().at(-1) ?? {}
    expect({ outcome, event }).toEqual({ outcome: 'refused', event: 'exchange' })
  })

  it('ends with 5 once the service has stopped', async () => {
    await service.stop()
    const args = ['exchange', service.url, ...EXCHANGE, '--attempts', '1']
    const run = await rollcall(args)
    expect(run).toMatchObject({ status: 5, stdout: '' })
    expect(run.stderr).toContain('is not available (the connection was refused')
  })
})
