// What a service answers, and what its log says of that: tests look at both.

import jsonwebtoken, { type JwtPayload } from 'jsonwebtoken'
import type { KeyObject } from 'node:crypto'
import { expect } from 'vitest'
import type { RunningService } from '../../support/start-service.ts'
import { expectDocumented } from '../../support/audit-reasons.ts'
import { waitUntil } from '../../support/processes.ts'
import { ISSUER, BOUND_RELYING_PARTY, RELYING_PARTY } from './constants.ts'
import { expectNoToken } from '../../support/no-token.ts'

/** An audit event as it was written. */
export type AuditEvent = Readonly<Record<string, unknown>>

/** An answer. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Empty if it isn't JSON. */
  readonly body: Readonly<Record<string, unknown>>
  /** The one audit event of the request. */
  event(): Promise<AuditEvent>
  /** The claims of its token, which must be good. */
  claims(): JwtPayload
}

const SECONDS = 20

const jsonOf = (text: string): Answer['body'] => {
  try {
    return JSON.parse(text) as Answer['body']
  } catch {
    return {}
  }
}

/** Reads an answer. */
export const readAnswer = async (
  response: Response,
  {
    auditEvents,
    publicKey,
    secrets,
    now,
  }: Pick<RunningService, 'auditEvents'> & {
    /** Unix seconds, by the clock of the service. */
    readonly now: number
    readonly publicKey: KeyObject
    readonly secrets: Set<string>
  },
): Promise<Answer> => {
  const { status, headers } = response
  const text = await response.text()
  const body = jsonOf(text)
  const id = headers.get('X-Request-Id')
  // Whatever runs the service may answer in its place.
  if (id === null) throw new Error(`not an answer of the service: ${status} ${text}`)
  const token = body['access_token']
  if (typeof token === 'string') secrets.add(token)
  return {
    status,
    headers,
    text,
    body,
    async event() {
      const mine = (): AuditEvent[] => auditEvents().filter((event) => event['request_id'] === id)
      await waitUntil(() => mine().length > 0, { seconds: SECONDS, what: 'the audit event' })
      expect(mine()).toHaveLength(1)
      const event = mine()[0] as AuditEvent
      expectDocumented(event)
      return event
    },
    claims: () =>
      jsonwebtoken.verify(String(token), publicKey, {
        algorithms: ['ES256'],
        issuer: ISSUER,
        audience: [RELYING_PARTY, BOUND_RELYING_PARTY],
        clockTimestamp: now,
      }) as JwtPayload,
  }
}

/** Looks that an enrollment was accepted. @returns the claims of its token, which verified */
export const expectEnrolled = async (
  answer: Answer,
  { retry = false }: { readonly retry?: boolean } = {},
): Promise<JwtPayload> => {
  expect({ status: answer.status, ...answer.body }).toMatchObject({ status: 200 })
  const claims = answer.claims()
  expect(answer.body['token_type']).toBe(claims['cnf'] === undefined ? 'Bearer' : 'DPoP')
  expect(await answer.event()).toMatchObject({ outcome: 'issued', retry, jti: claims.jti })
  return claims
}

/** How a call is refused: the answer to the client, and the reason for the operator. */
export type Expected = readonly [status: number, code: string, reason: string | undefined]

/** The reason that an instance reads if a role names its account. Banned instances and others read none. */
const TOLD: Readonly<Record<string, string>> = {
  role_unknown: 'no_role_matches',
  role_not_matched: 'no_role_matches',
  no_role_matches: 'no_role_matches',
  key_not_proved: 'key_required',
  resource_not_allowed: 'resource_not_allowed',
  already_enrolled: 'already_enrolled',
  key_not_the_first: 'key_changed',
  image_not_new: 'image_unchanged',
}

/** Looks that a call was refused so, and that there is no token. @returns its audit event */
export const expectRefused = async (
  answer: Answer,
  [status, code, reason]: Expected,
): Promise<AuditEvent> => {
  const event = await answer.event()
  expect({ status: answer.status, code: answer.body['code'], reason: event['reason'] }).toEqual({
    status,
    code,
    reason,
  })
  const told = code === 'not_admitted' && reason !== undefined ? TOLD[reason] : undefined
  expect(answer.body['reason']).toBe(told)
  const members = ['type', 'title', 'status', 'code', ...(told ? ['reason'] : []), 'request_id']
  expect(Object.keys(answer.body)).toEqual(members)
  expectNoToken(answer.text)
  expect(answer.text).not.toMatch(/access_token|expires_in/)
  expect(event).toMatchObject({ outcome: status < 500 ? 'refused' : 'error', code })
  expect(event['jti']).toBeUndefined()
  return event
}

export const evidenceRefused = (reason: string): Expected => [401, 'invalid_evidence', reason]
export const proofRefused = (reason: string): Expected => [401, 'invalid_dpop_proof', reason]
export const notAdmitted = (reason: string): Expected => [403, 'not_admitted', reason]

/** What a retry has in common with the first answer: everything. */
export const expectRetryOf = async (answer: Answer, first: JwtPayload): Promise<void> => {
  expect(await expectEnrolled(answer, { retry: true })).toEqual(first)
}
