// What a client that enrolls talks to, be it bootstrap.sh or the command: the real service and the emulated
// metadata service, each behind a port, where a test can answer in place of either.

import type { AuditEvent } from '../../src/http/audit.ts'
import { type MetadataEmulator, type MetadataEmulatorOptions } from '../../src/emulator/index.ts'
import { type FastTiming, createFastTiming } from './fast-timing.ts'
import { listen } from './listener.ts'
import { CLUSTER, ROLE } from './test-enroller.ts'
import { problem } from './problem.ts'
import { createTestService } from './test-service.ts'
import { createTestEmulator } from './test-emulator.ts'

/** What a test does to a request on its way; `undefined` lets it pass. */
export type Intercept = (
  request: Request,
  pass: (request: Request) => Promise<Response>,
) => Promise<Response | undefined> | Response | undefined

/** How they differ from those with which everything works. */
export interface ClientServersOptions {
  readonly emulator?: MetadataEmulatorOptions
  /** Default: 120. */
  readonly challengeLifetimeSeconds?: number
  /** Of tokens. Default: 300. */
  readonly lifetimeSeconds?: number
  /** How far the clock of the service is from this machine's. Default: 0. */
  readonly clockOffsetSeconds?: number
  /** What the role matches beside the account. */
  readonly match?: Readonly<Record<string, readonly string[]>>
  /** Members of the role. */
  readonly role?: Readonly<Record<string, unknown>>
}

/** Everything that a client talks to. */
export interface ClientServers {
  readonly url: string
  readonly emulator: MetadataEmulator
  /** The signing keys of the service as they are configured. */
  readonly privateKeys: string
  /** The address of the emulator. */
  readonly metadataUrl: string
  /** Paths that the metadata service was asked for. */
  readonly asked: readonly string[]
  /** The clock of the service. Give it to a command, and nobody waits. */
  readonly timing: FastTiming
  readonly events: readonly AuditEvent[]
  /** Each request that the service got: method and path, body, proof. */
  readonly requests: readonly { path: string; body: string; dpop: string | null }[]
  /** What happens to requests to the service. */
  intercept: Intercept
  /** What happens to requests to the metadata service. */
  interceptMetadata: Intercept
  bodiesOf(path: string): string[]
  close(): Promise<void>
}

/** A server whose answers are given once its address is known. */
const listenFirst = async () => {
  const target: { fetch: (request: Request) => Promise<Response> } = {
    fetch: async () => new Response(null, { status: 503 }),
  }
  const { url, close } = await listen({ fetch: (request) => target.fetch(request) })
  return { url, close, target }
}

/** Starts a service that admits the emulator's instance. */
export const startClientServers = async (
  options: ClientServersOptions = {},
): Promise<ClientServers> => {
  const { challengeLifetimeSeconds = 120, lifetimeSeconds = 300, role } = options
  const { clockOffsetSeconds = 0, match } = options
  const emulator = await createTestEmulator(options.emulator)
  const timing = createFastTiming()
  const service = await listenFirst()
  const beforeMetadata = await listenFirst()
  const { url } = service
  const account = emulator.instances[0]?.ownerAccountId
  const policy = {
    roles: {
      [ROLE]: {
        match: { owner_account_id: [account], ...match },
        token: { audience: [CLUSTER], lifetime_seconds: lifetimeSeconds },
        reenrollment: 'always',
        ...role,
      },
    },
  }
  const events: AuditEvent[] = []
  const requests: { path: string; body: string; dpop: string | null }[] = []
  const asked: string[] = []
  const { fetch: pass, privateKeys } = await createTestService({
    variables: {
      ROLLCALL_ISSUER: url,
      ROLLCALL_POLICY: JSON.stringify(policy),
      ROLLCALL_TRUST_ANCHORS: emulator.certificatePem,
      ROLLCALL_CHALLENGE_LIFETIME_SECONDS: String(challengeLifetimeSeconds),
    },
    audit: (event) => void events.push(event),
    clock: () => Math.floor(timing.now()) + clockOffsetSeconds,
  })
  const intercepts: { intercept: Intercept; interceptMetadata: Intercept } = {
    intercept: () => undefined,
    interceptMetadata: () => undefined,
  }
  const passMetadata = (request: Request): Promise<Response> => emulator.fetch(request)
  service.target.fetch = async (request) => {
    const path = `${request.method} ${new URL(request.url).pathname}`
    const dpop = request.headers.get('DPoP')
    requests.push({ path, body: await request.clone().text(), dpop })
    return (await intercepts.intercept(request, pass)) ?? pass(request)
  }
  beforeMetadata.target.fetch = async (request) => {
    const { pathname, search } = new URL(request.url)
    asked.push(pathname + search)
    return (await intercepts.interceptMetadata(request, passMetadata)) ?? passMetadata(request)
  }
  return Object.assign(intercepts, {
    url,
    emulator,
    privateKeys,
    metadataUrl: beforeMetadata.url,
    timing,
    asked,
    events,
    requests,
    bodiesOf: (path: string) =>
      requests.filter((request) => request.path === path).map(({ body }) => body),
    close: async () => {
      await service.close()
      await beforeMetadata.close()
    },
  })
}

/** The answer of a service that cannot decide now. */
export const unavailable = (headers: Record<string, string> = {}): Response =>
  problem('unavailable', { headers })

/** Whether a request is the enrollment itself. */
export const isEnroll = ({ url }: Request): boolean => url.endsWith('/v1/enroll')
