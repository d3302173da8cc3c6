// Situations in which the service refuses, or something else answers in its place: rows of the table in
// client-situations.ts.

import { enrollInstance } from '../../src/client/index.ts'
import type { ProblemCode } from '../../src/http/problems.ts'
import { createMetadataClient } from '../../src/metadata/index.ts'
import type { ClientServers, Intercept } from './client-servers.ts'
import { htmlPage, problem } from './problem.ts'
import type { Situation, Situations } from './situation.ts'
import { ROLE } from './test-enroller.ts'

const CALLS = ['challenge', 'enroll'] as const
type Call = (typeof CALLS)[number]

const ATTEMPTS = { ROLLCALL_ATTEMPTS: '2' }

/** Answers the first requests of one call. @param times default: all of them */
const instead =
  (call: Call, answer: () => Response, times = Infinity): (() => Intercept) =>
  () => {
    let left = times
    return ({ url }) => (url.endsWith(`/v1/${call}`) && left-- > 0 ? answer() : undefined)
  }

/** A document like the service's own, with members of its own. */
const document = (status: number, members: object, type = 'application/problem+json'): Response =>
  new Response(
    JSON.stringify({ type: 'about:blank', title: 'no', status, request_id: 'r-1', ...members }),
    { status, headers: { 'Content-Type': type } },
  )

/** What other servers answer. */
const FOREIGN: Readonly<Record<string, () => Response>> = {
  'a CDN answers 403': () => htmlPage(403, { Server: 'cloudflare' }),
  'an Ingress answers 404': () =>
    new Response('default backend - 404', {
      status: 404,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    }),
  'a proxy redirects': () => htmlPage(301, { Location: 'http://127.0.0.1:9/elsewhere' }),
  'a captive portal answers 200': () => htmlPage(200),
  'a gateway answers 502': () => htmlPage(502, { Server: 'nginx' }),
  'a gateway answers 503 with nothing': () => new Response(null, { status: 503 }),
  'a problem has a code that is not known': () => document(403, { code: 'forbidden' }),
  'a problem has the status of another answer': () =>
    document(403, { code: 'not_admitted', status: 401 }),
  'JSON that is no problem document says not_admitted': () =>
    document(403, { code: 'not_admitted' }, 'application/json'),
}

/** Calls made of a kind, when one call fails twice. */
const failing = (call: Call): Pick<Situation, 'challenges' | 'enrollments'> =>
  call === 'challenge' ? { challenges: 2, enrollments: 0 } : { challenges: 1, enrollments: 2 }

/** An answer that may pass, which does and which does not. */
const passing = (
  what: string,
  call: Call,
  answer: () => Response,
  code: 'foreign_answer' | 'unavailable',
): Situations => ({
  [`${what}, once, at the ${call}`]: {
    status: 0,
    intercept: instead(call, answer, 1),
    retries: 1,
    ...(call === 'challenge' ? { challenges: 2 } : { enrollments: 2 }),
  },
  [`${what}, each time, at the ${call}`]: {
    status: 5,
    code,
    intercept: instead(call, answer),
    env: ATTEMPTS,
    retries: 1,
    ...failing(call),
  },
})

const PASSING: readonly ProblemCode[] = [
  'request_timeout',
  'rate_limited',
  'internal_error',
  'unavailable',
]

const FINAL: readonly ProblemCode[] = [
  'invalid_request',
  'invalid_evidence',
  'invalid_dpop_proof',
  'invalid_token',
  'insufficient_scope',
  'not_admitted',
  'not_found',
  'method_not_allowed',
  'payload_too_large',
  'unsupported_media_type',
]

/** An answer that ends an enrollment at once. */
const refused = (call: Call, answer: () => Response): Situation => ({
  status: 4,
  code: 'enrollment_refused',
  intercept: instead(call, answer),
  enrollments: call === 'challenge' ? 0 : 1,
  retries: 0,
})

/** Enrolls the instance once. */
const enrolled = async ({ url, metadataUrl, timing }: ClientServers): Promise<void> => {
  const metadata = createMetadataClient({ baseUrl: metadataUrl, timing })
  await enrollInstance({ issuer: url, role: ROLE, metadata, timing })
}

const REFUSED = { status: 4, code: 'enrollment_refused', retries: 0 } as const

/** Why the real service refuses, and what a client tells of it. */
const OF_REASONS: Situations = {
  'the role does not match': {
    ...REFUSED,
    reason: 'no_role_matches',
    options: { match: { region_id: ['cn-elsewhere'] } },
  },
  'there is no such role': {
    ...REFUSED,
    reason: 'no_role_matches',
    env: { ROLLCALL_ROLE: 'worker-typo' },
  },
  'the role wants a key': {
    ...REFUSED,
    reason: 'key_required',
    options: { role: { binding: 'dpop' } },
  },
  'the instance has enrolled, and may once': {
    ...REFUSED,
    reason: 'already_enrolled',
    options: { role: { reenrollment: 'never' } },
    prepare: enrolled,
  },
  'the instance has enrolled with this image': {
    ...REFUSED,
    reason: 'image_unchanged',
    options: { role: { reenrollment: 'new_image' } },
    prepare: enrolled,
  },
  // No client of this table shows a key.
  'the key is another one': {
    ...refused('enroll', () => problem('not_admitted', { reason: 'key_changed' })),
    reason: 'key_changed',
  },
  'the reason is not known': refused('enroll', () =>
    document(403, { code: 'not_admitted', reason: 'full_moon' }),
  ),
}

/** The rows. */
export const OF_ANSWERS: Situations = Object.assign(
  {},
  OF_REASONS,
  ...CALLS.flatMap((call): Situations[] => [
    ...Object.entries(FOREIGN).map(([what, answer]) =>
      passing(what, call, answer, 'foreign_answer'),
    ),
    ...PASSING.map((code) =>
      passing(`the service answers ${code}`, call, () => problem(code), 'unavailable'),
    ),
    Object.fromEntries(
      FINAL.map((code) => [
        `the service answers ${code} at the ${call}`,
        refused(call, () => problem(code)),
      ]),
    ),
  ]),
) as Situations
