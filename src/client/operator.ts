// The operators' calls. Each attempt signs a new token, which is valid for a minute and for one
// call.

import { type Backoff, backoffSeconds, retryAfterSeconds } from '../base/timing.ts'
import {
  OPERATOR_CALLS,
  type OperatorAction,
  type OperatorCall,
} from '../base/wire/operator-calls.ts'
import { signJws } from '../token/jws.ts'
import { OPERATOR_NAME_PATTERN } from '../token/operator-keys.ts'
import { type Reading, describeFailure, mayPass, readingOf } from './answer.ts'
import { type Answer, type Reach, type Retry, callService, checkCount, readReach } from './call.ts'
import { ClientError } from './client-error.ts'
import { requireIssuer } from './issuer.ts'
import {
  type Ban,
  type Instance,
  type Introspection,
  type Page,
  readBanPage,
  readInstancePage,
  readOperatorAnswer,
} from './operator-answers.ts'
import { operatorError } from './operator-error.ts'
import type { PrivateKey } from './private-key.ts'

/** Options of an operator's calls. */
export interface OperatorClientOptions extends Reach {
  /** The service's name and address, exactly. */
  readonly issuer: string
  /** The operator's key, from `parsePrivateKey()`. */
  readonly key: PrivateKey
  /** Who the operator is, for the audit events of the service. Default: the name of the key. */
  readonly operator?: string | undefined
  /** How often a call is retried if the service cannot answer now. Default: 4. */
  readonly retries?: number | undefined
  /** Receives each call that failed and will be retried. */
  readonly onRetry?: ((retry: Retry) => void) | undefined
}

/** The name of an instance. */
export interface InstanceName {
  /** Id of the account that owns it. */
  readonly account: string
  /** Id of its region, such as `cn-hangzhou`. */
  readonly region: string
  /** Id of the instance. */
  readonly instance: string
}

/** What a ban names. */
export interface BanName {
  /** What is banned. */
  readonly kind: 'account' | 'image' | 'instance'
  /** Its id. */
  readonly value: string
}

/** Which part of a list to begin with. */
export interface PageOptions {
  /** Where the page before ended. Default: the beginning. */
  readonly cursor?: string | undefined
  /** How many items the service looks at for a page, 1 to 1000. Default: 100. */
  readonly limit?: number | undefined
}

/**
 * Makes an operator's calls. Every method may throw a `ClientError`, and the reason of `signal`. After a
 * retry, an earlier try may already have taken effect.
 *
 * Codes of the `ClientError`: `request_refused`, `operator_refused`, `scope_missing`, `not_found`,
 * `no_operator_calls` or `unexpected_answer`; and as of any call `unreachable`, `certificate_not_trusted`,
 * `certificate_not_current`, `not_https`, `proxy_failed`, `unavailable` or `foreign_answer`.
 */
export interface OperatorClient {
  /**
   * The instances, page by page; a page can be empty and not the last.
   * @param options where to begin, and how long a page is. Default: the beginning, 100
   */
  instances(options?: PageOptions): AsyncGenerator<Page<Instance>, void, undefined>
  /** One instance. @param name account, region and id of the instance */
  show(name: InstanceName): Promise<Instance>
  /** Lets an instance enroll once more, as if it never had. @param name account, region and id of the instance */
  reset(name: InstanceName): Promise<Instance>
  /** Revokes all tokens of an instance. @param name account, region and id of the instance */
  revoke(name: InstanceName): Promise<Instance>
  /** Revokes all tokens of an instance; forgets its enrollments. @param name account, region and id of it */
  forget(name: InstanceName): Promise<Instance>
  /**
   * The bans, page by page; a page can be empty and not the last.
   * @param options where to begin, and how long a page is. Default: the beginning, 100
   */
  bans(options?: PageOptions): AsyncGenerator<Page<Ban>, void, undefined>
  /**
   * Bans an account, an image or an instance.
   * @param name what to ban
   * @param reason 1 to 256 characters; the list of bans shows it
   */
  ban(name: BanName, reason: string): Promise<Ban>
  /** Lifts a ban, if there is one. @param name what was banned */
  unban(name: BanName): Promise<BanName>
  /** Tells whether a token is active (RFC 7662). @param token the token, whole */
  introspect(token: string): Promise<Introspection>
  /** Revokes a token (RFC 7009). @param token the token, whole or by its `jti` claim */
  revokeToken(token: { readonly token: string } | { readonly jti: string }): Promise<void>
}

/** How many items the service reads for a page by default. */
const DEFAULT_PAGE_LIMIT = 100

const JSON_TYPE = 'application/json'
const TOKEN_SECONDS = 60
const DEFAULT_RETRIES = 4
const BACKOFF: Backoff = { firstSeconds: 1, maxSeconds: 30 }
/** A page of 1000 instances has less than a quarter of this. */
const MAX_ANSWER_BYTES = 4_194_304

/** The values of one call. */
interface Given {
  /** The values in the path. */
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | undefined>>
  /** Members of the body. */
  readonly fields?: Readonly<Record<string, string>>
}

const pathOf = (action: OperatorAction, { params = {} }: Given): string =>
  OPERATOR_CALLS[action].path.replaceAll(/:([a-z]+)/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  )

const queryOf = ({ query = {} }: Given): string => {
  const given = Object.entries(query).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

const readBody = ({ text, status }: Answer, issuer: string): unknown => {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  } catch {
    throw new ClientError(`${issuer} did not answer with JSON`, {
      code: 'unexpected_answer',
      remedy: 'is the issuer a rollcall service?',
      status,
    })
  }
}

/**
 * Creates a client for the operators' calls. It sends nothing until a method is called.
 * @param options `issuer` and `key` are required; `operator` too, if the key has no name
 * @returns the client
 * @throws RangeError if `issuer` is not `https://HOST[:PORT]` (`http` for localhost), `operator` is not 1 to 128
 *   characters of printable ASCII without spaces, or a number is out of range
 * @throws TypeError if neither the options nor the key name the operator
 * @example
 * ```ts
 * import { createOperatorClient, parsePrivateKey } from 'rollcall/client'
 * import { createMemoryLedger } from 'rollcall/ledger/memory'
 * import { createService, parseConfig } from 'rollcall/service'
 *
 * // `rollcall admin keygen` makes such a key. The service has its public half.
 * const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
 *   'sign',
 *   'verify',
 * ])
 * const key = await parsePrivateKey(await crypto.subtle.exportKey('jwk', pair.privateKey))
 * const issuer = 'http://localhost:8787'
 * const config = await parseConfig({
 *   ROLLCALL_ISSUER: issuer,
 *   ROLLCALL_SIGNING_KEYS: process.env['ROLLCALL_SIGNING_KEYS'],
 *   ROLLCALL_ADMIN_KEYS: JSON.stringify({ keys: [key.publicKey.jwk] }),
 *   ROLLCALL_POLICY: JSON.stringify({
 *     roles: {
 *       worker: {
 *         match: { owner_account_id: ['1609123456789012'] },
 *         token: { audience: ['https://cluster.example'] },
 *         reenrollment: 'never',
 *       },
 *     },
 *   }),
 * })
 * const service = await createService({ config, ledger: createMemoryLedger(0), audit: () => {} })
 *
 * const client = createOperatorClient({
 *   issuer,
 *   key,
 *   operator: 'alice',
 *   fetch: (url, init) => service.fetch(new Request(url, init)),
 * })
 * const ban = await client.ban({ kind: 'image', value: 'm-bp1000000' }, 'leaked')
 * console.log(ban.banned_by, ban.reason) // alice leaked
 * for await (const { items } of client.bans()) {
 *   if (items.length > 0) {
 *     console.log(items[0]?.value) // m-bp1000000
 *   }
 * }
 * ```
 * @see RFC 7662 (introspection), RFC 7009 (revocation)
 */
export const createOperatorClient = (options: OperatorClientOptions): OperatorClient => {
  const { issuer, key, operator = key.name, retries = DEFAULT_RETRIES, onRetry } = options
  requireIssuer(issuer)
  if (operator === undefined) throw new TypeError('operator: expected a name; the key has none')
  if (!OPERATOR_NAME_PATTERN.test(operator)) {
    throw new RangeError('operator: expected 1 to 128 characters of printable ASCII without spaces')
  }
  checkCount('retries', retries, 0)
  const { timing, signal } = readReach(options)
  const { signer } = key

  /** A token for one call: a thief cannot use it for another call. */
  const makeToken = (htm: string, htu: string): Promise<string> => {
    const iat = Math.floor(timing.now())
    const times = { iat, exp: iat + TOKEN_SECONDS }
    const claims = { aud: issuer, sub: operator, jti: crypto.randomUUID(), htm, htu, ...times }
    return signJws('rollcall-admin+jwt', claims, signer)
  }

  const send = async (action: OperatorAction, given: Given): Promise<Reading> => {
    const { method, answer }: OperatorCall = OPERATOR_CALLS[action]
    const { fields } = given
    const address = issuer + pathOf(action, given)
    const headers = {
      Accept: JSON_TYPE,
      Authorization: `Bearer ${await makeToken(method, address)}`,
      ...(fields && { 'Content-Type': JSON_TYPE }),
    }
    const body = fields && JSON.stringify(fields)
    const url = address + queryOf(given)
    const made = { url, method, headers, body, maxBytes: MAX_ANSWER_BYTES }
    return readingOf(await callService(made, options), answer && JSON_TYPE)
  }

  const call = async (action: OperatorAction, given: Given): Promise<unknown> => {
    const { scope } = OPERATOR_CALLS[action]
    for (let tries = 1; ; tries++) {
      const reading = await send(action, given)
      if (reading.kind === 'expected') return readBody(reading.answer, issuer)
      if (!mayPass(reading) || tries > retries) {
        const { kid } = signer
        throw operatorError(reading, { issuer, operator, kid, scope, tries, now: timing.now() })
      }
      const asked = reading.kind === 'none' ? 0 : retryAfterSeconds(reading.answer.headers)
      const waitSeconds = backoffSeconds(tries, BACKOFF, timing.random(), asked)
      const detail = describeFailure(reading)
      onRetry?.({ detail, waitSeconds })
      await timing.wait(waitSeconds, signal)
    }
  }

  async function* pages<Item>(
    action: OperatorAction,
    read: (body: unknown) => Page<Item>,
    { cursor, limit = DEFAULT_PAGE_LIMIT }: PageOptions = {},
  ): AsyncGenerator<Page<Item>, void, undefined> {
    for (let at = cursor; ;) {
      const page = read(await call(action, { query: { cursor: at, limit: String(limit) } }))
      yield page
      if (page.cursor === undefined) return
      if (page.cursor === at) {
        const detail = 'the list does not advance: the next cursor equals the last one'
        throw new ClientError(detail, { code: 'unexpected_answer' })
      }
      at = page.cursor
    }
  }

  const one =
    (action: 'show' | 'reset' | 'revoke' | 'forget') =>
    async (params: InstanceName): Promise<Instance> =>
      readOperatorAnswer('Instance', await call(action, { params: { ...params } }))

  return {
    instances: (page) => pages('list', readInstancePage, page),
    show: one('show'),
    reset: one('reset'),
    revoke: one('revoke'),
    forget: one('forget'),
    bans: (page) => pages('list_bans', readBanPage, page),
    async ban(params, reason) {
      const given = { params: { ...params }, fields: { reason } }
      return readOperatorAnswer('Ban', await call('ban', given))
    },
    async unban({ kind, value }) {
      readOperatorAnswer('Banned', await call('unban', { params: { kind, value } }))
      return { kind, value }
    },
    async introspect(token) {
      return readOperatorAnswer('Introspection', await call('introspect', { fields: { token } }))
    },
    async revokeToken(token) {
      await call('revoke_token', { fields: { ...token } })
    },
  }
}
