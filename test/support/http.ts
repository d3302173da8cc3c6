// The app with all that it is made of for real: an enroller, a ledger in memory, a cloud of the tests'
// own. Its clock stands still until a test moves it, and its audit events are kept.

import { expect } from 'vitest'
import { parseTrustAnchors } from '../../src/index.ts'
import { type EnrollerOptions, createEnroller } from '../../src/enroll/enroller.ts'
import { type AppOptions, createApp } from '../../src/http/app.ts'
import type { AuditEvent } from '../../src/http/audit.ts'
import { createMemoryLedger } from '../../src/ledger/memory.ts'
import { parsePolicy } from '../../src/policy/policy.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { parseSigningKeys } from '../../src/token/signing-keys.ts'
import {
  DOCUMENT_FIELDS,
  type SignOptions,
  type TestCloud,
  createTestCloud,
  documentText,
  withAudience,
} from './test-cloud.ts'

export const ISSUER = 'https://rollcall.example'
export const TOKEN_AUDIENCE = 'https://cluster.example'
export const CHALLENGE_LIFETIME = 120

/** The roles: the account of the documents has `worker`; of `builder` it lacks the region. */
export const POLICY = {
  roles: {
    worker: {
      match: { owner_account_id: [DOCUMENT_FIELDS['owner-account-id']] },
      token: { audience: [TOKEN_AUDIENCE, 'https://other.example'] },
      reenrollment: 'always',
    },
    builder: {
      match: {
        owner_account_id: [DOCUMENT_FIELDS['owner-account-id']],
        region_id: ['cn-shanghai'],
      },
      token: { audience: [TOKEN_AUDIENCE] },
      reenrollment: 'always',
    },
  },
}

/** Fields as they are posted. */
export type Fields = Readonly<Record<string, string>>

/** Evidence as it is posted. */
export type Evidence = Readonly<Record<'document' | 'pkcs7', string>>

/** What differs from a usual document, and from the usual way to sign it. */
export interface EvidenceOptions extends SignOptions {
  readonly fields?: Record<string, string>
  readonly role?: string
}

/** A service to send requests to. */
export interface TestService {
  readonly app: ReturnType<typeof createApp>
  readonly cloud: TestCloud
  /** The signing keys as they are configured. */
  readonly privateKeys: string
  readonly events: AuditEvent[]
  /** The clock, Unix seconds. */
  now: number
  request(path: string, init?: RequestInit): Promise<Response>
  /** Posts a form. */
  post(path: string, fields: Fields, headers?: Fields): Promise<Response>
  challenge(role?: string): Promise<string>
  /** Fresh evidence, over a challenge of its own. */
  evidence(options?: EvidenceOptions): Promise<Evidence>
}

/** What a test may exchange. */
export type TestServiceOptions = Partial<EnrollerOptions> & Omit<Partial<AppOptions>, 'enroller'>

/** A URL-encoded form; a body that `fetch` gives no content type of its own. */
export const form = (fields: Fields): string => new URLSearchParams({ ...fields }).toString()

export const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** Creates a service. */
export const createTestService = async (options: TestServiceOptions = {}): Promise<TestService> => {
  const cloud = await createTestCloud()
  const privateKeys = JSON.stringify(await generateSigningKeys('ES256'))
  const enroller = await createEnroller({
    issuer: ISSUER,
    policy: parsePolicy(POLICY),
    signingKeys: await parseSigningKeys(privateKeys),
    ledger: createMemoryLedger(0),
    trustAnchors: await parseTrustAnchors(cloud.certificatePem),
    allowSha1: true,
    challengeLifetimeSeconds: CHALLENGE_LIFETIME,
    ...options,
  })
  const events: AuditEvent[] = []
  const app = createApp({
    audit: (event) => void events.push(event),
    clock: () => service.now,
    ...options,
    enroller,
  })
  const service: TestService = {
    app,
    cloud,
    privateKeys,
    events,
    now: Math.floor(Date.now() / 1000),
    request: async (path, init) => app.request(path, init),
    post: (path, fields, headers = {}) =>
      service.request(path, {
        method: 'POST',
        headers: { ...FORM, ...headers },
        body: form(fields),
      }),
    async challenge(role) {
      const response = await service.post('/v1/challenge', role === undefined ? {} : { role })
      return ((await response.json()) as { audience: string }).audience
    },
    async evidence({ fields, role, ...signOptions } = {}) {
      const document = documentText(fields)
      const content = withAudience(document, await service.challenge(role))
      return { document, pkcs7: toBase64(cloud.sign(content, signOptions)) }
    },
  }
  return service
}

/** An error answer's members. */
export interface ProblemMembers {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly reason?: string
  readonly request_id: string
}

/** Reads an error answer; it must have exactly the members and headers that all of them have. */
export const problemOf = async (response: Response): Promise<ProblemMembers> => {
  expect(response.headers.get('Content-Type')).toBe('application/problem+json')
  expect(response.headers.get('Cache-Control')).toBe('no-store')
  const problem = (await response.json()) as ProblemMembers
  const members = ['type', 'title', 'status', 'code', 'reason', 'request_id']
  const told = problem.reason === undefined ? members.filter((name) => name !== 'reason') : members
  expect(Object.keys(problem)).toEqual(told)
  expect(problem.reason === undefined || problem.code === 'not_admitted').toBe(true)
  expect(problem.type).toBe('about:blank')
  expect(problem.status).toBe(response.status)
  expect(problem.request_id).toBe(response.headers.get('X-Request-Id'))
  return problem
}

/** How a request is refused: what the client is told, and what the operator. */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly reason: string
  readonly field?: string
}

/** A refusal in short. */
export const expects = (status: number, code: string, reason: string, field?: string): Refusal => ({
  status,
  code,
  reason,
  ...(field !== undefined && { field }),
})

/** A request that can't be split into its fields. */
export const INVALID = (reason: string, field?: string): Refusal =>
  expects(400, 'invalid_request', reason, field)

/** Looks that a request was refused so, and that exactly one audit event says why. */
export const expectRefused = async (
  service: Pick<TestService, 'events'>,
  response: Response,
  expected: Refusal,
): Promise<ProblemMembers> => {
  const problem = await problemOf(response)
  const { status, code, reason, field } = expected
  const events = service.events.filter(({ request_id: id }) => id === problem.request_id)
  expect(events).toHaveLength(1)
  expect({ ...problem, reason: events[0]?.reason }).toMatchObject({ status, code, reason })
  expect(events[0]).toMatchObject({ code, field })
  return problem
}

/** The claims of a token, not verified. */
export const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >

/** The answer to an enrollment that was accepted. */
export const enrolled = async (response: Response): Promise<Record<string, unknown>> => {
  const answer = (await response.json()) as Record<string, unknown>
  expect(answer).toMatchObject({ token_type: 'Bearer' })
  return answer
}
