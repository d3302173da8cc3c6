// The service with its calls of operators, on a loopback port: the real app over a ledger in memory,
// instances that really enroll, and trouble between it and the command where a test asks for it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeRecords, instanceKey, unknownInstance } from '../../src/registry/instance-record.ts'
import type { AuditEvent } from '../../src/http/audit.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { parseSigningKeys } from '../../src/token/signing-keys.ts'
import { listen } from './listener.ts'
import { type FastTiming, createFastTiming } from './fast-timing.ts'
import { DOCUMENT_FIELDS } from './test-cloud.ts'
import { createTestService } from './test-service.ts'
import { type RollcallCommand, type Run, type RunOptions, createCommand } from './command.ts'

export const ACCOUNT = DOCUMENT_FIELDS['owner-account-id'] as string
export const REGION = DOCUMENT_FIELDS['region-id'] as string

/** What happens to a request on its way: an answer of its own, or nothing. */
export type Trouble = (request: Request) => Response | undefined | Promise<Response | undefined>

/** An instance to be there without having enrolled. */
export interface Seed {
  readonly id: string
  readonly account?: string
  readonly region?: string
  readonly serials?: readonly string[]
  readonly firstAt?: number
  readonly lastAt?: number
  readonly count?: number
}

/** A service, the command, and an operator's key for both. */
export interface AdminService<Options = RunOptions> {
  readonly url: string
  readonly ledger: Ledger
  readonly command: RollcallCommand<Options>
  /** The clocks of the service, and of a command in this process: nobody waits. */
  readonly timing: FastTiming
  readonly keyFile: string
  /** The file of a named private key that may introspect and nothing else. */
  readonly gateway: { readonly file: string; readonly name: string }
  readonly events: AuditEvent[]
  /** Requests that came, without the ones that enrolled. */
  readonly requests: Request[]
  /** Each is for one request, in order. */
  readonly troubles: Trouble[]
  /** How far the clock of the service is from this machine's, in seconds. */
  clockOffset: number
  /** Runs `rollcall admin` with the service, and with the key unless another one is given. */
  admin(args: readonly string[], options?: Options): Promise<Run>
  /** Enrolls an instance. @returns its token */
  enroll(id: string): Promise<string>
  seed(seeds: readonly Seed[]): Promise<void>
  /** The ids of the instances that the ledger knows. */
  known(): Promise<string[]>
  close(): Promise<void>
}

/** Makes the command that a service is used with. */
type CreateCommand<Options> = (
  secrets: () => readonly string[],
  defaults: { readonly timing: FastTiming },
) => RollcallCommand<Options> | Promise<RollcallCommand<Options>>

/** Starts a service for commands in this process. */
export const startAdminService = (): Promise<AdminService> => startAdminServiceFor(createCommand)

/** Starts a service for the command that is given, such as a process. */
export const startAdminServiceFor = async <Options>(
  create: CreateCommand<Options>,
): Promise<AdminService<Options>> => {
  const timing = createFastTiming()
  const nowSeconds = (): number => Math.floor(timing.now())
  // The address is the service's name, so it is known before the service is made.
  let fetch: (request: Request) => Promise<Response> = async () =>
    new Response(null, { status: 503 })
  const { url, close } = await listen({ fetch: (request) => fetch(request) })
  const ledger = createMemoryLedger(0)
  const privateKeys = await generateSigningKeys('ES256')
  const { jwks } = await parseSigningKeys(privateKeys)
  const gatewayKeys = await generateSigningKeys('ES256')
  const [gatewayPublic] = (await parseSigningKeys(gatewayKeys)).jwks.keys
  const about = { name: 'gateway', scope: ['introspect'] }
  const operatorKeys = { keys: [...jwks.keys, { ...gatewayPublic, ...about }] }
  const secrets: string[] = [privateKeys, gatewayKeys].map(({ keys }) => keys[0]?.d as string)
  const events: AuditEvent[] = []
  const requests: Request[] = []
  const troubles: Trouble[] = []
  // While an instance enrolls the clock is right, and nothing is noted.
  let enrolling = false
  const clock = (): number => nowSeconds() + (enrolling ? 0 : service.clockOffset)
  const tested = await createTestService({
    variables: { ROLLCALL_ISSUER: url, ROLLCALL_ADMIN_KEYS: JSON.stringify(operatorKeys) },
    ledger,
    audit: (event) => void (enrolling || events.push(event)),
    clock,
  })

  fetch = async (request) => {
    const token = request.headers.get('Authorization')?.split(' ')[1]
    if (token !== undefined) secrets.push(token, token.split('.')[2] as string)
    requests.push(request.clone())
    const response = (await troubles.shift()?.(request)) ?? (await tested.fetch(request))
    response.headers.set('Date', new Date(clock() * 1000).toUTCString())
    return response
  }
  const command = await create(() => secrets, { timing })
  const keyFile = join(command.folder, 'operator.json')
  const gateway = { file: join(command.folder, 'gateway.json'), name: about.name }
  writeFileSync(gateway.file, JSON.stringify({ keys: [{ ...gatewayKeys.keys[0], ...about }] }), {
    mode: 0o600,
  })
  writeFileSync(keyFile, JSON.stringify(privateKeys), { mode: 0o600 })

  const service: AdminService<Options> = {
    url,
    timing,
    ledger,
    command,
    keyFile,
    gateway,
    events,
    requests,
    troubles,
    clockOffset: 0,
    admin: (args, options) =>
      command.run(
        ['admin', ...args, '--issuer', url, ...(args.includes('--key') ? [] : ['--key', keyFile])],
        options,
      ),
    async enroll(id) {
      enrolling = true
      try {
        const evidence = await tested.evidence({ fields: { 'instance-id': id } })
        const response = await tested.post('/v1/enroll', evidence)
        const answer = (await response.json()) as Readonly<Record<string, unknown>>
        if (!response.ok) throw new Error(`${id} was not enrolled: ${String(answer['code'])}`)
        const token = String(answer['access_token'])
        secrets.push(token)
        return token
      } finally {
        enrolling = false
      }
    },
    async seed(seeds) {
      for (const {
        id,
        account = ACCOUNT,
        region = REGION,
        serials = ['serial-1'],
        ...it
      } of seeds) {
        const { firstAt = nowSeconds() - 86_400, count = 1 } = it
        const { lastAt = firstAt } = it
        const times = { firstAt, lastAt, count, role: 'worker', imageId: 'm-1', jti: 'x' }
        const value = encodeRecords(
          serials.map((serial) => ({ ...unknownInstance(serial), ...times })),
        )
        const key = instanceKey({ ownerAccountId: account, regionId: region, instanceId: id })
        const { stored } = await ledger.compareAndSet({ key, value }, undefined, nowSeconds())
        if (!stored) throw new Error(`${id} is there already`)
      }
    },
    async known() {
      const { stdout } = await service.admin(['list', '--all', '--json'])
      const lines = stdout.split('\n').filter((line) => line !== '')
      return lines.map((line) => (JSON.parse(line) as { instance_id: string }).instance_id)
    },
    async close() {
      await close()
      command.remove()
    },
  }
  return service
}
