// Situations in which an instance enrolls, and how a client ends in each. One table for all clients:
// bootstrap.sh, the command and the library end with the same status or code, tell the same reason, and make equally
// many calls of each kind.

import { expect } from 'vitest'
import { ENROLLMENT_ANSWERS } from '../../src/base/wire/enrollment-answers.ts'
import { OF_ANSWERS } from './answer-situations.ts'
import { type Intercept, isEnroll, startClientServers, unavailable } from './client-servers.ts'
import { HOSTILE_ANSWERS, ODD_ANSWERS, answerWith } from './hostile-answers.ts'
import { OF_METADATA } from './metadata-situations.ts'
import { reservePort } from './ports.ts'
import type { Client, ClientRun, Said, Situation, Situations } from './situation.ts'
import { CLUSTER, ROLE, claimsOf } from './test-enroller.ts'

const once =
  (answer: () => Response): (() => Intercept) =>
  () => {
    let left = 1
    return (request) => (isEnroll(request) && left-- > 0 ? answer() : undefined)
  }

const OF_SERVICE: Situations = {
  'all is well': { status: 0 },
  'the clock of the service is an hour ahead': { status: 0, options: { clockOffsetSeconds: 3600 } },
  'the clock of the service is an hour behind': {
    status: 0,
    options: { clockOffsetSeconds: -3600 },
  },
  'the service is down': {
    status: 5,
    code: 'unreachable',
    serviceIsDown: true,
    challenges: 0,
    retries: 1,
    env: { ROLLCALL_ATTEMPTS: '2' },
  },
  'the service speaks plain HTTP, and is called by https': {
    status: 5,
    calledAsHttps: true,
    challenges: 0,
    retries: 0,
  },
  'the service fails at first': { status: 0, intercept: once(unavailable), enrollments: 2 },
  'the challenge expires before the service comes back': {
    status: 0,
    options: { challengeLifetimeSeconds: 3 },
    intercept: once(() => unavailable({ 'Retry-After': '3' })),
    challenges: 2,
    enrollments: 2,
  },
  'every challenge expires before the service comes back': {
    status: 5,
    code: 'challenge_expired',
    options: { challengeLifetimeSeconds: 3 },
    intercept: () => (request) =>
      isEnroll(request) ? unavailable({ 'Retry-After': '3' }) : undefined,
    env: { ROLLCALL_ATTEMPTS: '4' },
    challenges: 2,
    enrollments: 2,
  },
  'no role names the account': {
    status: 4,
    code: 'enrollment_refused',
    options: { role: { match: { owner_account_id: ['1'] } } },
  },
  'the service trusts another cloud': {
    status: 4,
    code: 'enrollment_refused',
    options: { emulator: { faults: ['wrong-key'] } },
  },
  'the challenge is for another role': {
    status: 4,
    code: 'challenge_foreign',
    enrollments: 0,
    intercept: () => (request, pass) =>
      request.url.endsWith('/v1/challenge')
        ? pass(new Request(request.url, { method: 'POST', body: new URLSearchParams() }))
        : undefined,
  },
  'the number of attempts begins with zeros': {
    status: 0,
    intercept: once(unavailable),
    enrollments: 2,
    env: { ROLLCALL_ATTEMPTS: '0008' },
  },
  'Retry-After begins with zeros': {
    status: 0,
    intercept: once(() => unavailable({ 'Retry-After': '0008' })),
    enrollments: 2,
  },
  'the token is asked for one audience': { status: 0, env: { ROLLCALL_RESOURCE: CLUSTER } },
  'the resource is empty, so the token is for all audiences': {
    status: 0,
    env: { ROLLCALL_RESOURCE: '' },
  },
  'the token is asked for an audience that is not of the role': {
    status: 4,
    code: 'enrollment_refused',
    reason: 'resource_not_allowed',
    env: { ROLLCALL_RESOURCE: 'https://other.example' },
  },
}

const MISTYPED: Situations = Object.fromEntries(
  [
    { ROLLCALL_ROLE: 'Worker' },
    { ROLLCALL_ATTEMPTS: 'x' },
    { ROLLCALL_ATTEMPTS: '0' },
    { ROLLCALL_METADATA_MODE: 'x' },
  ].map((env: Record<string, string>): [string, Situation] => [
    `the variables are ${JSON.stringify(env)}`,
    { status: 2, env, challenges: 0 },
  ]),
)

const ANSWERED: Situations = Object.fromEntries(
  [...HOSTILE_ANSWERS, ...ODD_ANSWERS].map((answer): [string, Situation] => [
    `the answer is ${answer.name}`,
    {
      status: answer.status,
      answer,
      code: answer.code,
      challenges: answer.challenges ?? 1,
      enrollments: answer.enrollments,
      env: { ROLLCALL_ATTEMPTS: '2' },
    },
  ]),
)

/** All situations, by what is the case. */
export const SITUATIONS: readonly (readonly [string, Situation])[] = Object.entries({
  ...OF_SERVICE,
  ...OF_ANSWERS,
  ...OF_METADATA,
  ...MISTYPED,
  ...ANSWERED,
})

/** Whether a client that gets its token has nothing to say: nothing was tried again. */
const isQuiet = ({ intercept, env, options }: Situation): boolean => {
  const waits = options?.emulator?.faults?.some((fault) => /^(?:error|slow:60000)/.test(fault))
  return intercept === undefined && env?.['ROLLCALL_METADATA_MODE'] !== 'auto' && waits !== true
}

const REASONS = ENROLLMENT_ANSWERS.Problem.properties.reason.enum

/** What standard error tells, of a client that tells nothing in another way. */
const readTold = ({ stderr, ...run }: ClientRun) => ({
  retries: run.retries ?? stderr.match(/retrying/g)?.length ?? 0,
  reason: run.reason ?? REASONS.find((reason) => stderr.includes(reason)),
})

/** Puts a client into a situation, and checks how it ends. @param said what it says of each failure */
export const expectOutcome = async (
  situation: Situation,
  client: Client,
  said: Said,
): Promise<void> => {
  const servers = await startClientServers(situation.options)
  try {
    await situation.prepare?.(servers)
    const count = (path: string): number => servers.bodiesOf(`POST /v1/${path}`).length
    const before = { challenges: count('challenge'), enrollments: count('enroll') }
    if (situation.intercept !== undefined) servers.intercept = situation.intercept()
    if (situation.answer !== undefined) answerWith(servers, situation.answer)
    const nobody = async (): Promise<string> => `http://127.0.0.1:${await reservePort()}`
    const env = {
      ROLLCALL_ROLE: ROLE,
      ROLLCALL_METADATA_URL: situation.metadataIsDown ? await nobody() : servers.metadataUrl,
      ...situation.env,
    }
    const address = situation.serviceIsDown ? await nobody() : servers.url
    const url = situation.calledAsHttps ? address.replace('http:', 'https:') : address
    const run = await client(servers, { url, env, situation })
    const { status, stdout, stderr } = run
    const claims = stdout === '' ? undefined : claimsOf(stdout)
    const { instanceId } = servers.emulator.instances[0] ?? {}
    const { retries, reason } = readTold(run)
    const isServed = situation.status === 0 || situation.status === 4
    expect(
      {
        status,
        reason,
        role: claims?.['role'],
        instance: (claims?.['ecs'] as { instance_id?: string } | undefined)?.instance_id,
        challenges: count('challenge') - before.challenges,
        enrollments: count('enroll') - before.enrollments,
        retries: situation.retries === undefined ? undefined : retries,
      },
      stderr,
    ).toEqual({
      status: situation.status,
      reason: situation.reason,
      role: situation.status === 0 ? ROLE : undefined,
      instance: situation.status === 0 ? instanceId : undefined,
      challenges: situation.challenges ?? 1,
      enrollments: situation.enrollments ?? (isServed ? 1 : 0),
      retries: situation.retries,
    })
    const told = situation.failure ?? situation.code
    if (told !== undefined) expect(stderr).toMatch(said[told])
    else if (status === 0 && isQuiet(situation)) expect(stderr).toBe('')
  } finally {
    await servers.close()
  }
}
