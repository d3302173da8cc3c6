// What the client library talks to, all in the test's own process: a service from `createTestService()` and an emulated
// metadata service. A test may answer in place of either, and no wait takes any time.

import type { MetadataEmulator } from '../../src/emulator/index.ts'
import type { AuditEvent } from '../../src/http/audit.ts'
import type { ProblemCode } from '../../src/http/problems.ts'
import { type MetadataClient, createMetadataClient } from '../../src/metadata/index.ts'
import { type PrivateKey, type Reach, parsePrivateKey } from '../../src/client/index.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { type ProblemOptions, problem } from './problem.ts'
import { createTestService } from './test-service.ts'
import { type TestTiming, createTestTiming } from './timing.ts'
import { createTestEmulator } from './test-emulator.ts'

export const ISSUER = 'https://localhost'
export const AUDIENCE = 'https://cluster.example'
export const ROLE = 'worker'

/** An answer in place of the real one; `undefined`: the real one. It may throw, as a network does. */
export type Reply = (
  request: Request,
  real: () => Promise<Response>,
) => Response | Promise<Response> | undefined

/** A service, and how to reach it. */
export interface ClientService {
  /** The options that every client takes. */
  readonly reach: Required<Pick<Reach, 'fetch' | 'timing'>>
  readonly timing: TestTiming
  readonly metadata: MetadataClient
  readonly emulator: MetadataEmulator
  /** A key of the operator `alice`, who may do everything. */
  readonly operatorKey: PrivateKey
  readonly events: readonly AuditEvent[]
  /** What the service was asked, `METHOD path`; also where a test answered in its place. */
  readonly requests: readonly string[]
  /** Answers in place of the service, and of the metadata service. */
  reply: Reply
  replyMetadata: Reply
}

let emulator: Promise<MetadataEmulator> | undefined
let keys: Promise<readonly [signing: string, operator: string]> | undefined

const makeKeys = async (): Promise<readonly [string, string]> => {
  const [signing, { keys: operator }] = [
    await generateSigningKeys('ES256'),
    await generateSigningKeys('ES256'),
  ]
  const named = { keys: operator.map((key) => ({ ...key, name: 'alice' })) }
  return [JSON.stringify(signing), JSON.stringify(named)]
}

/** The set as the service has it: without what is private. */
const publicHalf = (json: string): string => {
  const { keys: all } = JSON.parse(json) as { readonly keys: readonly Record<string, unknown>[] }
  return JSON.stringify({ keys: all.map((key) => ({ ...key, d: undefined })) })
}

/** What may differ. */
export interface ClientServiceOptions {
  /** Members of the role. */
  readonly role?: Readonly<Record<string, unknown>>
  readonly variables?: Readonly<Record<string, string>>
}

/** Creates a service that admits the emulator's instance. */
export const createClientService = async ({
  role,
  variables = {},
}: ClientServiceOptions = {}): Promise<ClientService> => {
  const cloud = await (emulator ??= createTestEmulator({ seed: 'client' }))
  const [signingKeys, operatorKeys] = await (keys ??= makeKeys())
  const timing = createTestTiming()
  const policy = {
    roles: {
      [ROLE]: {
        match: { owner_account_id: [cloud.instances[0]?.ownerAccountId] },
        token: { audience: [AUDIENCE], lifetime_seconds: 300 },
        reenrollment: 'always',
        ...role,
      },
    },
  }
  const environment = {
    ROLLCALL_ISSUER: ISSUER,
    ROLLCALL_SIGNING_KEYS: signingKeys,
    ROLLCALL_ADMIN_KEYS: publicHalf(operatorKeys),
    ROLLCALL_POLICY: JSON.stringify(policy),
    ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
    ...variables,
  }
  const { fetch, events } = await createTestService({
    variables: environment,
    clock: () => Math.floor(timing.now()),
  })
  const requests: string[] = []
  const service: ClientService = {
    reach: {
      timing,
      fetch: async (url, init) => {
        const request = new Request(url, init)
        requests.push(`${request.method} ${new URL(url).pathname}`)
        const real = (): Promise<Response> => fetch(request)
        return service.reply(request, real) ?? real()
      },
    },
    timing,
    emulator: cloud,
    metadata: createMetadataClient({
      timing,
      attempts: 2,
      fetch: async (url, init) => {
        const real = (): Promise<Response> => cloud.fetch(url, init)
        return service.replyMetadata(new Request(url, init), real) ?? real()
      },
    }),
    operatorKey: await parsePrivateKey(operatorKeys),
    events,
    requests,
    reply: () => undefined,
    replyMetadata: () => undefined,
  }
  return service
}

/** Answers one after the other in place of the real ones, and then the real ones. */
export const inTurn = (path: string, ...answers: readonly Reply[]): Reply => {
  const left = [...answers]
  return (request, real) =>
    new URL(request.url).pathname.endsWith(path) ? left.shift()?.(request, real) : undefined
}

/** A problem document of the service. */
export const refusing =
  (code: ProblemCode, options: ProblemOptions = {}): Reply =>
  () =>
    problem(code, options)

/** An answer of a status, of which nothing tells that it is the service's. */
export const status =
  (code: number, headers: Record<string, string> = {}): Reply =>
  () =>
    new Response(null, { status: code, headers })

/** A connection that fails. */
export const disconnected: Reply = () => {
  const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  throw new TypeError('fetch failed', { cause })
}
