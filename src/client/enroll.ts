// An instance enrolls, one line for each step. Retries and outcomes are the same as in
// bootstrap.sh.

import { type Evidence, type MetadataClient, createMetadataClient } from '../metadata/index.ts'
import { attemptsUpTo } from '../metadata/patience.ts'
import type { Failure } from './answer.ts'
import { type Retry, checkCount, readReach } from './call.ts'
import { ClientError } from './client-error.ts'
import { requireIssuer } from './issuer.ts'
import { asMetadataFailure, askInstance, requireKeyOf } from './key-instance.ts'
import { type Patience, createPatience } from './patience.ts'
import {
  type Challenge,
  type Enrolled,
  type Purpose,
  askForChallenge,
  postEvidence,
  readChallenge,
  readToken,
} from './protocol.ts'
import { enrollmentError } from './refusal.ts'

/** What an enrollment needs. */
export interface EnrollOptions extends Purpose {
  /**
   * Gives the evidence. Default: a client of this instance's metadata service, in hardened mode, with the `attempts`,
   * `onRetry`, `signal` and `timing` of this call.
   */
  readonly metadata?: MetadataClient | undefined
  /** How many calls of the service may fail before it gives up, at least 1; the same for the metadata service. Default: 10. */
  readonly attempts?: number | undefined
  /**
   * Receives each call that failed and will be retried. After an expired challenge there is no
   * wait.
   */
  readonly onRetry?: ((retry: Retry) => void) | undefined
}

const DEFAULT_ATTEMPTS = 10
const tooSlow = (issuer: string) => (): ClientError =>
  new ClientError(`${issuer} was too slow each time`, {
    code: 'challenge_expired',
    remedy: 'try again later',
  })

const getChallenge = async (options: EnrollOptions, patience: Patience): Promise<Challenge> => {
  const { timing } = readReach(options)
  patience.rest()
  for (;;) {
    const askedAt = timing.elapsed()
    const reading = await askForChallenge(options)
    if (reading.kind === 'expected') return readChallenge(options, reading.answer, askedAt)
    await patience.retry(reading)
  }
}

const getEvidence = async (metadata: MetadataClient, audience: string): Promise<Evidence> => {
  try {
    return await metadata.evidence({ audience })
  } catch (cause) {
    throw asMetadataFailure(cause)
  }
}

/** Whether evidence was refused because the challenge had expired. That may happen once. */
const isTooLate = (failure: Failure, isOver: boolean): boolean =>
  isOver && failure.kind === 'problem' && failure.problem.code === 'invalid_evidence'

/** Shows evidence for a challenge until it has expired. @returns `undefined` if it has expired */
const showEvidence = async (
  options: EnrollOptions,
  { audience, deadline }: Challenge,
  evidence: Evidence,
  state: { readonly patience: Patience; isLate: boolean },
): Promise<Enrolled | undefined> => {
  const { timing } = readReach(options)
  state.patience.rest()
  while (timing.elapsed() < deadline) {
    const askedAt = timing.elapsed()
    // Each attempt sends the same challenge and evidence: if an answer was lost, the service
    // repeats it.
    const reading = await postEvidence(options, audience, evidence)
    if (reading.kind === 'expected') return readToken(options, reading.answer, askedAt)
    if (!isTooLate(reading, timing.elapsed() >= deadline) || state.isLate) {
      await state.patience.retry(reading)
    } else state.isLate = true
  }
  return undefined
}

/**
 * Enrolls this instance: asks for a challenge, lets the metadata service sign it, and posts that to the service.
 * A failure that can pass is retried, with the same challenge and evidence until the challenge expires.
 * @param options `issuer` is required
 * @returns the token, and what the service says about it
 * @throws ClientError `metadata_failed`, `challenge_malformed`, `challenge_foreign`, `challenge_expired`,
 *   `enrollment_refused`, `token_malformed` or `key_of_another_instance`; and as of any call `unreachable`,
 *   `certificate_not_trusted`, `certificate_not_current`, `not_https`, `proxy_failed`, `unavailable` or
 *   `foreign_answer`. Nothing is signed before the challenge is known to be one of this service
 * @throws RangeError if `issuer` is not `https://HOST[:PORT]` (`http` for localhost), or a number is out of range
 * @throws the reason of `signal`
 * @example
 * ```ts
 * import { ClientError, enrollInstance } from 'rollcall/client'
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { createMetadataClient } from 'rollcall/metadata'
 *
 * const emulator = await createMetadataEmulator()
 * try {
 *   const { accessToken } = await enrollInstance({
 *     issuer: 'http://localhost:8787',
 *     role: 'worker',
 *     attempts: 1,
 *     metadata: createMetadataClient({ fetch: emulator.fetch }),
 *     // Leave this out: here it stands for a proxy that does not reach the service.
 *     fetch: async () => new Response('bad gateway', { status: 502 }),
 *   })
 *   process.stdout.write(accessToken)
 * } catch (error) {
 *   if (!(error instanceof ClientError)) throw error
 *   console.log(error.code) // foreign_answer
 * }
 * ```
 * @see RFC 9449 (DPoP) for `dpopKey`, RFC 8707 for `resource`
 */
export const enrollInstance = async (options: EnrollOptions): Promise<Enrolled> => {
  requireIssuer(options.issuer)
  const { signal, timing } = readReach(options)
  const { attempts: limit = DEFAULT_ATTEMPTS, onRetry } = options
  checkCount('attempts', limit, 1)
  const attempts = attemptsUpTo(limit)
  const { metadata = createMetadataClient({ signal, timing, attempts, onRetry }) } = options
  const patience = createPatience({
    ...options,
    attempts: limit,
    errorOf: (failure) => enrollmentError(options.issuer, failure),
  })
  const state = { patience, isLate: false }
  const { dpopKey } = options
  if (dpopKey?.instance !== undefined) requireKeyOf(dpopKey, await askInstance(metadata))
  for (;;) {
    const challenge = await getChallenge(options, state.patience)
    const evidence = await getEvidence(metadata, challenge.audience)
    const enrolled = await showEvidence(options, challenge, evidence, state)
    if (enrolled !== undefined) return enrolled
    state.patience.startOver('the challenge has expired', tooSlow(options.issuer))
  }
}
