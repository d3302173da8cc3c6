// An instance exchanges its bound enrollment token for a short token of one audience (RFC 8693). A failure that can
// pass is retried, each time with a new proof: a proof is valid for one call, even if the answer was lost.

import type { Timing } from '../base/timing.ts'
import type { Failure } from './answer.ts'
import { type Retry, checkCount, readReach } from './call.ts'
import type { ClientError } from './client-error.ts'
import {
  type Exchanged,
  type ExchangePurpose,
  type Target,
  askForExchange,
  oauthRefusalOf,
  readExchanged,
} from './exchange-call.ts'
import { exchangeError, requireExchangeable } from './exchange-error.ts'
import { requireIssuer } from './issuer.ts'
import { createPatience } from './patience.ts'
import { proofTime } from './proof-time.ts'

/** What an exchange needs. */
export interface ExchangeOptions extends ExchangePurpose {
  /** The only audience of the new token; the policy lists it in `exchange` of the role. Give this or `resource`. */
  readonly audience?: string | undefined
  /** The same as a URI (RFC 8707). */
  readonly resource?: string | undefined
  /**
   * When the token was asked for, by `timing.elapsed()`: `askedAt` of the enrollment. Then a wrong wall clock does not
   * matter. Default: unknown, see {@link proofTime}.
   */
  readonly askedAt?: number | undefined
  /** How many calls of the service may fail before it gives up, at least 1. Default: 10. */
  readonly attempts?: number | undefined
  /** Receives each call that failed and will be retried. */
  readonly onRetry?: ((retry: Retry) => void) | undefined
}

const DEFAULT_ATTEMPTS = 10

const AGAIN = 'the proof was refused; making a new one at the time of the service'

const targetOf = ({ audience, resource }: ExchangeOptions): Target => {
  const [given, ...more] = Object.entries({ audience, resource }).filter(
    (entry): entry is [Target[0], string] => entry[1] !== undefined && entry[1] !== '',
  )
  if (given === undefined || more.length > 0) {
    throw new TypeError('expected audience or resource, and not both')
  }
  return given
}

/** Clocks that follow the `Date` of an answer that came just now; the same clocks if it has none. */
const clocksOfService = (timing: Timing, failure: Failure): Timing => {
  const date = failure.kind === 'none' ? null : failure.answer.headers.get('Date')
  const seconds = Date.parse(date ?? '') / 1000
  const answeredAt = timing.elapsed()
  if (Number.isNaN(seconds)) return timing
  return { ...timing, now: () => seconds + timing.elapsed() - answeredAt }
}

/** Whether the proof alone was refused. */
const isProofRefused = (failure: Failure): boolean =>
  oauthRefusalOf(failure)?.error === 'invalid_dpop_proof'

/**
 * Exchanges the bound token of an enrollment for a short token of one audience. A failure that can pass is retried with
 * a new proof. If the proof is refused, it is made once more at the time that the service's answer names.
 * @param options `issuer`, `accessToken`, `dpopKey`, and one of `audience` and `resource` are required
 * @returns the new token
 * @throws ClientError `token_not_exchangeable`, `audience_not_allowed`, `proof_refused`, `token_of_another_issuer`,
 *   `key_of_another_token`, `token_malformed`, `request_refused` or `unexpected_answer`; and as of any call
 *   `unreachable`, `certificate_not_trusted`, `certificate_not_current`, `not_https`, `proxy_failed`, `unavailable` or
 *   `foreign_answer`
 * @throws RangeError if `issuer` is not `https://HOST[:PORT]` (`http` for localhost), the token is not a JWT, or a
 *   number is out of range
 * @throws TypeError unless one of `audience` and `resource` is given
 * @throws the reason of `signal`
 * @example
 * ```ts
 * import { createDpopKey, enrollInstance, exchangeToken, parsePrivateKey } from 'rollcall/client'
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { createMemoryLedger } from 'rollcall/ledger/memory'
 * import { createMetadataClient } from 'rollcall/metadata'
 * import { createService, parseConfig } from 'rollcall/service'
 *
 * // On ECS leave `fetch` and `metadata` out. Here a service and an instance run in this process.
 * const emulator = await createMetadataEmulator()
 * const issuer = 'http://localhost:8787'
 * const config = await parseConfig({
 *   ROLLCALL_ISSUER: issuer,
 *   ROLLCALL_SIGNING_KEYS: process.env['ROLLCALL_SIGNING_KEYS'],
 *   ROLLCALL_TRUST_ANCHORS: emulator.certificatePem,
 *   ROLLCALL_POLICY: JSON.stringify({
 *     roles: {
 *       worker: {
 *         match: { owner_account_id: [emulator.instances[0]?.ownerAccountId] },
 *         token: { audience: ['https://rollcall.internal'] },
 *         reenrollment: 'same_key',
 *         exchange: [{ audience: 'https://app.example', binding: 'none' }],
 *       },
 *     },
 *   }),
 * })
 * const service = await createService({ config, ledger: createMemoryLedger(0), audit: () => {} })
 * const fetch = (url: string, init: RequestInit) => service.fetch(new Request(url, init))
 *
 * // `rollcall enroll --dpop-key FILE` makes such a key.
 * const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
 *   'sign',
 *   'verify',
 * ])
 * const jwk = await crypto.subtle.exportKey('jwk', pair.privateKey)
 * const dpopKey = createDpopKey(await parsePrivateKey(jwk))
 * const metadata = createMetadataClient({ fetch: emulator.fetch })
 * const { accessToken, askedAt } = await enrollInstance({ issuer, dpopKey, metadata, fetch })
 *
 * const audience = 'https://app.example'
 * const token = await exchangeToken({ issuer, accessToken, askedAt, dpopKey, audience, fetch })
 * console.log(token.tokenType, token.expiresInSeconds) // Bearer 120
 * ```
 * @see RFC 8693 (token exchange), RFC 9449 (DPoP)
 */
export const exchangeToken = async (options: ExchangeOptions): Promise<Exchanged> => {
  const { issuer, attempts = DEFAULT_ATTEMPTS } = options
  requireIssuer(issuer)
  checkCount('attempts', attempts, 1)
  const target = targetOf(options)
  requireExchangeable(options)
  const { accessToken } = options
  const { timing } = readReach(options)
  const errorOf = (failure: Failure): ClientError => exchangeError(issuer, failure)
  const patience = createPatience({ ...options, attempts, errorOf })
  let clocks = timing
  let { askedAt } = options
  let isAgain = false
  for (;;) {
    const startedAt = timing.elapsed()
    const now = proofTime({ accessToken, askedAt }, clocks)
    const reading = await askForExchange(options, target, now)
    if (reading.kind === 'expected') {
      return readExchanged(options, target, reading.answer, startedAt)
    }
    if (isProofRefused(reading) && !isAgain) {
      isAgain = true
      clocks = clocksOfService(timing, reading)
      if (clocks !== timing) askedAt = undefined
      patience.startOver(AGAIN, () => errorOf(reading))
    } else if (oauthRefusalOf(reading) === undefined) await patience.retry(reading)
    else throw errorOf(reading)
  }
}
