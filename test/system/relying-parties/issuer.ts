// The issuer that relying parties know: the service in a process of its own, behind TLS by a CA of the test. A front
// passes discovery and keys on, so that a service with other keys can take over without a gap, as in a rolling deployment.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import {
  JWT_TOKEN_TYPE,
  TOKEN_EXCHANGE_GRANT,
  TOKEN_PATH,
} from '../../../src/base/wire/token-exchange.ts'
import {
  type DpopKey,
  createDpopKey,
  enrollInstance,
  parsePrivateKey,
} from '../../../src/client/index.ts'
import { type MetadataEmulator, createMetadataEmulator } from '../../../src/emulator/index.ts'
import { createMetadataClient } from '../../../src/metadata/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { nextSecond } from '../../support/clock.ts'
import { startListening } from '../../support/listening.ts'
import { type ServiceProcess, startService } from '../../support/start-service.ts'
import { createTestCa } from '../../support/tls-certificates.ts'

/** The name of the relying party in the pages. Tokens for it are not bound. */
export const AUDIENCE = 'https://cluster.example'
/** Bound tokens are for it: the policy refuses an audience with both kinds of tokens. */
export const BOUND_AUDIENCE = 'https://bound.example'

/** What the role `worker` gives: tokens for the audience of the pages, or bound ones that can be exchanged for such. */
export type TokenKind = 'unbound' | 'bound'

/** How long relying parties may keep the keys of this issuer, unless it says more. The service itself allows 300 seconds. */
export const CACHE_SECONDS = 1

/** Longer than an enrollment takes. */
const ENROLLMENT_MS = 500

/** A running issuer. */
export interface Issuer {
  /** `https://localhost:PORT`. */
  readonly url: string
  /** The certificate of its CA, a file. */
  readonly caFile: string
  /** The private JWKS of the service that answers now; its first key signs. */
  privateKeys(): string
  /** A token of the instance; with a key, one that is bound to it. */
  token(dpopKey?: DpopKey): Promise<string>
  /** Exchanges a bound token for one for {@link AUDIENCE}. */
  exchange(token: string, dpopKey: DpopKey): Promise<string>
  /** Starts a service with these keys, lets it answer in place of the one before, and stops that one. */
  takeOver(keys: readonly object[], kind?: TokenKind): Promise<void>
  /** Lets relying parties reach it or not. */
  setReachable(isReachable: boolean): void
  close(): Promise<void>
}

/** A new key to bind tokens to. */
export const newDpopKey = async (): Promise<DpopKey> => {
  const [jwk = {}] = (await generateSigningKeys('ES256')).keys
  return createDpopKey(await parsePrivateKey(jwk))
}

type Header = Readonly<Record<string, unknown>>

/** A token with another header, and the signature of the one that it had. */
export const changeHeader = (token: string, change: (header: Header) => Header): string => {
  const [first = '', ...rest] = token.split('.')
  const header = JSON.parse(Buffer.from(first, 'base64url').toString()) as Header
  const changed = JSON.stringify({ ...header, ...change(header) })
  return [Buffer.from(changed).toString('base64url'), ...rest].join('.')
}

const KINDS: Readonly<Record<TokenKind, object>> = {
  unbound: { token: { audience: [AUDIENCE] } },
  bound: {
    token: { audience: [BOUND_AUDIENCE] },
    binding: 'dpop',
    exchange: [{ audience: AUDIENCE, lifetime_seconds: 120, binding: 'none' }],
  },
}

const policyOf = ({ instances }: MetadataEmulator, kind: TokenKind): string => {
  const match = { owner_account_id: [instances[0]?.ownerAccountId] }
  return JSON.stringify({
    roles: { worker: { match, reenrollment: 'always', ...KINDS[kind] } },
  })
}

/**
 * Starts an issuer.
 * @param folder for the files of its CA
 * @param firstKeys its private JWKs
 * @param cacheSeconds how long relying parties may keep the public ones
 */
export const startIssuer = async (
  folder: string,
  firstKeys: readonly object[],
  cacheSeconds = CACHE_SECONDS,
): Promise<Issuer> => {
  const emulator = await createMetadataEmulator()
  const ca = createTestCa(join(folder, 'ca'))
  let service: ServiceProcess | undefined
  let privateKeys = ''

  /** Asks the service that answers now. */
  const pass = async (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`${service?.url}${path}`, init)
  let isReachable = true
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!isReachable) return void request.socket.destroy()
    const passed = await pass(request.url ?? '')
    response.writeHead(passed.status, {
      'Content-Type': passed.headers.get('Content-Type') ?? '',
      'Cache-Control': `public, max-age=${cacheSeconds}`,
    })
    response.end(await passed.text())
  }
  const front = await startListening(
    createServer(ca.certificateFor('localhost'), (request, response) => {
      answer(request, response).catch(() => response.writeHead(502).end())
    }),
  )
  const url = `https://localhost:${front.port}`

  const takeOver: Issuer['takeOver'] = async (keys, kind = 'unbound') => {
    const before = service
    privateKeys = JSON.stringify({ keys })
    const next = await startService('Node', {
      variables: {
        ROLLCALL_ISSUER: url,
        ROLLCALL_SIGNING_KEYS: privateKeys,
        ROLLCALL_TRUST_ANCHORS: emulator.certificatePem,
        ROLLCALL_POLICY: policyOf(emulator, kind),
      },
    })
    if (before !== undefined) {
      // Its ledger, in memory, refuses challenges from before its first second has ended: an enrollment that began at
      // the other service would fail.
      await nextSecond()
      await wait(ENROLLMENT_MS)
    }
    service = next
    await before?.stop()
  }
  await takeOver(firstKeys)

  return {
    url,
    caFile: ca.file,
    privateKeys: () => privateKeys,
    async token(dpopKey) {
      const { accessToken } = await enrollInstance({
        issuer: url,
        role: 'worker',
        dpopKey,
        metadata: createMetadataClient({ fetch: emulator.fetch }),
        // Past the front, which answers relying parties only.
        fetch: (address, init) => pass(new URL(address).pathname, init),
      })
      return accessToken
    },
    async exchange(token, dpopKey) {
      const proof = await dpopKey.prove({
        method: 'POST',
        uri: `${url}${TOKEN_PATH}`,
        now: Date.now() / 1000,
        accessToken: token,
      })
      const exchanged = await pass(TOKEN_PATH, {
        method: 'POST',
        headers: { DPoP: proof },
        body: new URLSearchParams({
          grant_type: TOKEN_EXCHANGE_GRANT,
          subject_token: token,
          subject_token_type: JWT_TOKEN_TYPE,
          audience: AUDIENCE,
        }),
      })
      const { access_token } = (await exchanged.json()) as { access_token?: string }
      if (access_token === undefined) throw new Error(`the exchange failed: ${exchanged.status}`)
      return access_token
    },
    takeOver,
    setReachable: (reachable) => void (isReachable = reachable),
    async close() {
      await service?.stop()
      await front.close()
    },
  }
}
