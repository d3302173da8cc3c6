// What a client that enrolls talks to, be it bootstrap.sh or the command: the real service and the emulated
// metadata service, each behind a port, where a test can answer in place of either.

import { createAdaptorServer } from '@hono/node-server'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEnroller } from '../../src/enroll/enroller.ts'
import { createApp } from '../../src/http/app.ts'
import { createReadiness } from '../../src/http/readiness.ts'
import type { AuditEvent } from '../../src/http/audit.ts'
import { parseTrustAnchors } from '../../src/index.ts'
import {
  type MetadataEmulator,
  type MetadataEmulatorOptions,
  createMetadataEmulator,
} from '../../src/emulator/index.ts'
import { parsePolicy } from '../../src/policy/policy.ts'
import { CLUSTER, ROLE, createTestEnroller } from './test-enroller.ts'
import { type FastTiming, createFastTiming } from './fast-timing.ts'

/** What a test does to a request on its way; `undefined` lets it pass. */
export type Intercept = (
  request: Request,
  pass: (request: Request) => Promise<Response>,
) => Promise<Response | undefined> | Response | undefined

/** How a scene differs from one where everything works. */
export interface ClientSceneOptions {
  readonly emulator?: MetadataEmulatorOptions
  /** Default: 120. */
  readonly challengeLifetimeSeconds?: number
  /** Of tokens. Default: 300. */
  readonly lifetimeSeconds?: number
  /** How far the clock of the service is from this machine's. Default: 0. */
  readonly clockOffsetSeconds?: number
  /** Members of the role. */
  readonly role?: Readonly<Record<string, unknown>>
}

/** Everything that a client talks to. */
export interface ClientScene {
  readonly url: string
  readonly emulator: MetadataEmulator
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

/** A server on a port that the platform chooses. */
interface Listener {
  readonly url: string
  /** What answers; until it is set, nothing does. */
  fetch: (request: Request) => Promise<Response>
  close(): Promise<void>
}

const listen = async (): Promise<Listener> => {
  const server = createAdaptorServer({
    fetch: (request: Request) => listener.fetch(request),
    overrideGlobalObjects: false,
  }) as Server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const listener: Listener = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fetch: async () => new Response(null, { status: 503 }),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return listener
}

const emulators = new Map<string, Promise<MetadataEmulator>>()

/** An emulator of these options. Its key takes long to make, so tests share those that don't count. */
const emulatorFor = (options: MetadataEmulatorOptions): Promise<MetadataEmulator> => {
  const counts = options.faults?.some((fault) => /x\d+(?:@|$)|^token-uses/.test(fault)) ?? false
  if (counts || options.clock !== undefined) return createMetadataEmulator(options)
  const name = JSON.stringify(options)
  const emulator = emulators.get(name) ?? createMetadataEmulator(options)
  emulators.set(name, emulator)
  return emulator
}

/** Starts a service that admits the emulator's instance. */
export const setClientScene = async (options: ClientSceneOptions = {}): Promise<ClientScene> => {
  const { challengeLifetimeSeconds = 120, lifetimeSeconds = 300, role } = options
  const { clockOffsetSeconds = 0 } = options
  const emulator = await emulatorFor(options.emulator ?? {})
  const timing = createFastTiming()
  const service = await listen()
  const beforeMetadata = await listen()
  const { url } = service
  const account = emulator.instances[0]?.ownerAccountId
  const scene = await createTestEnroller({
    issuer: url,
    challengeLifetimeSeconds,
    trustAnchors: await parseTrustAnchors(emulator.certificatePem),
    policy: parsePolicy({
      roles: {
        [ROLE]: {
          match: { owner_account_id: [account] },
          token: { audience: [CLUSTER], lifetime_seconds: lifetimeSeconds },
          reenrollment: 'always',
          ...role,
        },
      },
    }),
  })
  const events: AuditEvent[] = []
  const requests: { path: string; body: string; dpop: string | null }[] = []
  const asked: string[] = []
  const enroller = await createEnroller(scene.options)
  const app = createApp({
    enroller,
    readiness: createReadiness(scene.options.ledger),
    audit: (event) => void events.push(event),
    clock: () => Math.floor(timing.now()) + clockOffsetSeconds,
  })
  const pass = async (request: Request): Promise<Response> => app.fetch(request)
  const hand: { intercept: Intercept; interceptMetadata: Intercept } = {
    intercept: () => undefined,
    interceptMetadata: () => undefined,
  }
  const passMetadata = (request: Request): Promise<Response> => emulator.fetch(request)
  service.fetch = async (request) => {
    const path = `${request.method} ${new URL(request.url).pathname}`
    const dpop = request.headers.get('DPoP')
    requests.push({ path, body: await request.clone().text(), dpop })
    return (await hand.intercept(request, pass)) ?? pass(request)
  }
  beforeMetadata.fetch = async (request) => {
    const { pathname, search } = new URL(request.url)
    asked.push(pathname + search)
    return (await hand.interceptMetadata(request, passMetadata)) ?? passMetadata(request)
  }
  return Object.assign(hand, {
    url,
    emulator,
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

/** An answer that says to come again. */
export const unavailable = (headers: Record<string, string> = {}): Response =>
  new Response('', { status: 503, headers })

/** Whether a request is the enrollment itself. */
export const isEnroll = ({ url }: Request): boolean => url.endsWith('/v1/enroll')
