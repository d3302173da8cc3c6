// The client's side of the protocol in one process, a line a step; the same outcomes as bootstrap.sh.

import * as v from 'valibot'
import { audienceName } from '../../base/wire/audience-name.ts'
import { ENROLL_PATH } from '../../base/wire/paths.ts'
import type { MetadataClient } from '../../metadata/index.ts'
import { CommandError, EXIT } from '../exit-status.ts'
import { metadataFailure } from '../metadata/failure.ts'
import { type NoAnswer, parseJson } from '../no-answer.ts'
import { thisRun } from '../run.ts'
import { type ServiceAnswer, callService, mayPass, reasonOf } from '../service-call.ts'
import type { DpopKey } from './dpop-key.ts'
import { type Patience, createPatience } from './patience.ts'

/** What an enrollment needs. */
export interface EnrollmentOptions {
  /** The service's name and address. */
  readonly issuer: string
  readonly role?: string | undefined
  /** One of the role's audiences (RFC 8707). */
  readonly resource?: string | undefined
  readonly metadata: MetadataClient
  readonly dpopKey?: DpopKey | undefined
  /** Calls of the service that may fail before it gives up. */
  readonly attempts: number
}

/** What came of it. */
export interface Enrolled {
  readonly accessToken: string
  readonly tokenType: 'Bearer' | 'DPoP'
  readonly role: string
  /** Of the token, from `askedAt` on. */
  readonly expiresInSeconds: number
  /** By {@link elapsedSeconds}, when the answer was asked for. */
  readonly askedAt: number
}

/** A challenge that is of this service, and when it ends by {@link elapsedSeconds}. */
export interface Challenge {
  readonly audience: string
  readonly deadline: number
}

/** Seconds of a clock that nobody sets while the instance boots. */
export const elapsedSeconds = (): number => thisRun().timing.elapsed()

const ChallengeBody = v.object({
  audience: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{64}$/)),
  expires_in: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(99_999)),
})

const TokenBody = v.object({
  access_token: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}$/)),
  token_type: v.picklist(['Bearer', 'DPoP']),
  expires_in: v.pipe(v.number(), v.integer(), v.minValue(0)),
  role: v.string(),
})

const fail = (status: number, message: string): never => {
  throw new CommandError(status, message)
}

/** The form fields that have a value; a variable that is set to nothing is as good as unset. */
const formOf = (fields: Readonly<Record<string, string | undefined>>): URLSearchParams =>
  new URLSearchParams(
    Object.entries(fields).filter((field): field is [string, string] => (field[1] ?? '') !== ''),
  )

type Purpose = Pick<EnrollmentOptions, 'issuer' | 'role' | 'dpopKey'>

/** Asks once for a challenge. */
export const askForChallenge = ({
  issuer,
  role,
  dpopKey,
}: Purpose): ReturnType<typeof callService> =>
  callService(`${issuer}/v1/challenge`, { form: formOf({ role, dpop_jkt: dpopKey?.thumbprint }) })

/**
 * Reads a challenge, and refuses one that is not of this service, role and key: anybody can pass
 * another service's on, and would enroll there as this instance. Comes before any signature.
 * @param askedAt by {@link elapsedSeconds}
 * @throws CommandError
 */
export const readChallenge = (
  { issuer, role, dpopKey }: Purpose,
  { text }: ServiceAnswer,
  askedAt: number,
): Challenge => {
  const body = v.safeParse(ChallengeBody, parseJson(text))
  if (!body.success) {
    return fail(EXIT.unavailable, `${issuer} answers, but not as rollcall does; check the address`)
  }
  const { audience, expires_in: expiresIn } = body.output
  if (!audience.startsWith(audienceName(issuer, { role, jkt: dpopKey?.thumbprint }))) {
    return fail(
      EXIT.refused,
      `the challenge is not of ${issuer} for role '${role ?? ''}'; stopped before anything was signed. ` +
        'The address must be ROLLCALL_ISSUER of the service to the letter; if it is, that is another service',
    )
  }
  return { audience, deadline: askedAt + expiresIn }
}

const challenge = async (options: EnrollmentOptions, patience: Patience): Promise<Challenge> => {
  patience.rest()
  for (;;) {
    const askedAt = elapsedSeconds()
    const answer = await askForChallenge(options)
    if (!('why' in answer) && answer.status === 200) return readChallenge(options, answer, askedAt)
    if (!mayPass(answer)) return refused(options, answer)
    await patience.retry(answer)
  }
}

const refused = ({ issuer }: EnrollmentOptions, answer: ServiceAnswer | NoAnswer): never =>
  fail(
    EXIT.refused,
    `${issuer} refused: ${reasonOf(answer)}; its operator finds why in the audit event of this request`,
  )

const evidence = async ({ metadata }: EnrollmentOptions, audience: string) => {
  try {
    const { document, pkcs7 } = await metadata.evidence({ audience })
    return { document, pkcs7 }
  } catch (error) {
    throw metadataFailure(error)
  }
}

/** Reads the token. @throws CommandError if it is not the one that was asked for */
export const readToken = (
  { issuer, dpopKey }: Purpose,
  { text }: ServiceAnswer,
  askedAt: number,
): Enrolled => {
  const body = v.safeParse(TokenBody, parseJson(text))
  if (!body.success) {
    return fail(EXIT.unavailable, `${issuer} answers, but not with a token; check the address`)
  }
  const { access_token: accessToken, token_type: tokenType, expires_in, role } = body.output
  if ((tokenType === 'DPoP') !== (dpopKey !== undefined)) {
    return fail(
      EXIT.unavailable,
      `${issuer} answers with a token that is not bound as was asked for`,
    )
  }
  return { accessToken, tokenType, role, expiresInSeconds: expires_in, askedAt }
}

/** Shows evidence for a challenge, once; a proof of the key is made anew each time. */
export const postEvidence = async (
  { issuer, role, resource, dpopKey }: Omit<EnrollmentOptions, 'metadata' | 'attempts'>,
  audience: string,
  shown: { readonly document: string; readonly pkcs7: string },
): ReturnType<typeof callService> => {
  const uri = `${issuer}${ENROLL_PATH}`
  const dpop = await dpopKey?.prove(uri, audience)
  return callService(uri, {
    form: formOf({ ...shown, role, resource }),
    headers: { Accept: 'application/json', ...(dpop !== undefined && { DPoP: dpop }) },
  })
}

/** Shows evidence for a challenge until it has expired. @returns `undefined` if it did */
const enroll = async (
  options: EnrollmentOptions,
  { audience, deadline }: Challenge,
  state: { readonly patience: Patience; late: boolean },
): Promise<Enrolled | undefined> => {
  const shown = await evidence(options, audience)
  state.patience.rest()
  while (elapsedSeconds() < deadline) {
    const askedAt = elapsedSeconds()
    // The same challenge and evidence each time: should the answer have been lost, it comes again.
    const answer = await postEvidence(options, audience, shown)
    if (!('why' in answer) && answer.status === 200) return readToken(options, answer, askedAt)
    if (mayPass(answer)) {
      await state.patience.retry(answer)
      continue
    }
    // Too slow for the challenge is no refusal, once.
    const isLate = !('why' in answer) && answer.status === 401 && elapsedSeconds() >= deadline
    if (!isLate || state.late) return refused(options, answer)
    state.late = true
  }
  return undefined
}

/**
 * Enrolls this instance.
 * @throws CommandError with the exit status that bootstrap.sh has
 */
export const enrollInstance = async (options: EnrollmentOptions): Promise<Enrolled> => {
  const state = { patience: createPatience(options.issuer, options.attempts), late: false }
  for (;;) {
    const enrolled = await enroll(options, await challenge(options, state.patience), state)
    if (enrolled !== undefined) return enrolled
    state.patience.startOver()
  }
}
