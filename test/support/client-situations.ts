// Situations in which an instance enrolls, and how a client ends in each. One table for all clients:
// bootstrap.sh and the command end with the same exit status, and ask for a challenge equally often.

import { expect } from 'vitest'
import {
  type ClientServers,
  type ClientServersOptions,
  type Intercept,
  isEnroll,
  startClientServers,
  unavailable,
} from './client-servers.ts'
import type { Run } from './command.ts'
import { CLUSTER, ROLE, claimsOf } from './test-enroller.ts'
import { HOSTILE_ANSWERS, type HostileAnswer, ODD_ANSWERS, answerWith } from './hostile-answers.ts'
import { reservePort } from './ports.ts'

/** Why a client ends with exit status 3. */
export type MetadataFailure =
  /** Nobody answers, or the metadata service fails each time. */
  | 'no service'
  | 'no hardened mode'
  /** It gives no token, or does not take the token that it gave. */
  | 'token refused'
  | 'not found'

/** A situation, and how a client ends in it. */
export interface Situation {
  readonly status: number
  /** With exit status 3 the client says this. */
  readonly failure?: MetadataFailure
  readonly options?: ClientServersOptions
  /** Makes what happens between client and service, once for each client. */
  readonly intercept?: () => Intercept
  readonly env?: Readonly<Record<string, string>>
  /** How often the client asks for a challenge. Default: 1. */
  readonly challenges?: number
  /** Nobody listens at the address of the service. */
  readonly serviceIsDown?: true
  /** Nobody listens at the address of the metadata service. */
  readonly metadataIsDown?: true
  /** What the service or the metadata service answers in place of the good answer. */
  readonly answer?: HostileAnswer
  /** How wrong the clock of the instance is. */
  readonly clockShiftSeconds?: number
  /** The metadata service is slow, and no clock can be moved ahead for that. */
  readonly isSlow?: true
}

/** What a client gets, and how it ends. */
export type Client = (
  servers: ClientServers,
  given: {
    readonly url: string
    readonly env: Readonly<Record<string, string>>
    readonly situation: Situation
  },
) => Promise<Run>

const YEAR_SECONDS = 31_536_000
const DOCUMENT = 'dynamic/instance-identity/document'
const PKCS7 = 'dynamic/instance-identity/pkcs7'
const AUTO = { ROLLCALL_METADATA_MODE: 'auto' }

const faults = (...names: string[]): ClientServersOptions => ({ emulator: { faults: names } })
const hardened = (...names: string[]): ClientServersOptions => ({
  emulator: { hardenedOnly: true, faults: names },
})
const once =
  (answer: () => Response): (() => Intercept) =>
  () => {
    let left = 1
    return (request) => (isEnroll(request) && left-- > 0 ? answer() : undefined)
  }

const OF_METADATA: Readonly<Record<string, Situation>> = {
  'the metadata service takes tokens only': { status: 0, options: hardened() },
  'the metadata service is slow': { status: 0, options: faults('slow:900'), isSlow: true },
  'one answer of the metadata service never comes': {
    status: 0,
    options: faults(`slow:60000x1@${PKCS7}`),
    isSlow: true,
  },
  'there is no document': {
    status: 3,
    failure: 'not found',
    options: faults(`not-found:${DOCUMENT}`),
  },
  'there is no signature': {
    status: 3,
    failure: 'not found',
    options: faults(`not-found:${PKCS7}`),
  },
  'the metadata service fails at first': { status: 0, options: faults(`error:500x1@${DOCUMENT}`) },
  'the metadata service fails twice': { status: 0, options: faults(`error:500x2@${PKCS7}`) },
  'the metadata service gives a token at the second try': {
    status: 0,
    options: hardened('error:503x1@api/token'),
  },
  'the metadata service answers 429 at first': { status: 0, options: faults('error:429x1') },
  'the metadata service fails each time': {
    status: 3,
    failure: 'no service',
    options: faults(`error:500@${PKCS7}`),
  },
  'the metadata service fails each time at the token, and normal mode will do': {
    status: 3,
    failure: 'no service',
    options: faults('error:503@api/token'),
    env: AUTO,
  },
  'there is no hardened mode (404)': {
    status: 3,
    failure: 'no hardened mode',
    options: faults('not-found:api/token'),
  },
  'there is no hardened mode (405)': {
    status: 3,
    failure: 'no hardened mode',
    options: faults('error:405@api/token'),
  },
  'there is no hardened mode (404), and normal mode will do': {
    status: 0,
    options: faults('not-found:api/token'),
    env: AUTO,
  },
  'there is no hardened mode (405), and normal mode will do': {
    status: 0,
    options: faults('error:405@api/token'),
    env: AUTO,
  },
  'the metadata service gives no token': {
    status: 3,
    failure: 'token refused',
    options: faults('error:403@api/token'),
  },
  'the metadata service gives no token, and normal mode will do': {
    status: 3,
    failure: 'token refused',
    options: faults('error:403@api/token'),
    env: AUTO,
  },
  'the token of the metadata service expires in between': {
    status: 0,
    options: hardened('token-uses:1'),
  },
  'the metadata service takes no token': {
    status: 3,
    failure: 'token refused',
    options: hardened('token-uses:0'),
  },
  'there is no metadata service': { status: 3, failure: 'no service', metadataIsDown: true },
  'the clock of the instance is 50 years behind': {
    status: 0,
    clockShiftSeconds: -50 * YEAR_SECONDS,
  },
  'the clock of the instance is 20 years ahead': {
    status: 0,
    clockShiftSeconds: 20 * YEAR_SECONDS,
  },
}

const OF_SERVICE: Readonly<Record<string, Situation>> = {
  'all is well': { status: 0 },
  'the clock of the service is an hour ahead': { status: 0, options: { clockOffsetSeconds: 3600 } },
  'the clock of the service is an hour behind': {
    status: 0,
    options: { clockOffsetSeconds: -3600 },
  },
  'the service is down': {
    status: 5,
    serviceIsDown: true,
    challenges: 0,
    env: { ROLLCALL_ATTEMPTS: '2' },
  },
  'the service fails at first': { status: 0, intercept: once(unavailable) },
  'the challenge expires before the service comes back': {
    status: 0,
    options: { challengeLifetimeSeconds: 3 },
    intercept: once(() => unavailable({ 'Retry-After': '3' })),
    challenges: 2,
  },
  'the policy refuses': { status: 4, options: { role: { match: { owner_account_id: ['1'] } } } },
  'the service trusts another cloud': { status: 4, options: faults('wrong-key') },
  'the challenge is for another role': {
    status: 4,
    intercept: () => (request, pass) =>
      request.url.endsWith('/v1/challenge')
        ? pass(new Request(request.url, { method: 'POST', body: new URLSearchParams() }))
        : undefined,
  },
  'the number of attempts begins with zeros': {
    status: 0,
    intercept: once(unavailable),
    env: { ROLLCALL_ATTEMPTS: '0008' },
  },
  'Retry-After begins with zeros': {
    status: 0,
    intercept: once(() => unavailable({ 'Retry-After': '0008' })),
  },
  'the token is asked for one audience': { status: 0, env: { ROLLCALL_RESOURCE: CLUSTER } },
  'the resource is empty, so the token is for all audiences': {
    status: 0,
    env: { ROLLCALL_RESOURCE: '' },
  },
  'the token is asked for an audience that is not of the role': {
    status: 4,
    env: { ROLLCALL_RESOURCE: 'https://other.example' },
  },
}

const MISTYPED: Readonly<Record<string, Situation>> = Object.fromEntries(
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

const ANSWERED: Readonly<Record<string, Situation>> = Object.fromEntries(
  [...HOSTILE_ANSWERS, ...ODD_ANSWERS].map((answer): [string, Situation] => [
    `the answer is ${answer.name}`,
    {
      status: answer.status,
      answer,
      challenges: answer.challenges ?? 1,
      env: { ROLLCALL_ATTEMPTS: '2' },
    },
  ]),
)

/** All situations, by what is the case. */
export const SITUATIONS: readonly (readonly [string, Situation])[] = Object.entries({
  ...OF_SERVICE,
  ...OF_METADATA,
  ...MISTYPED,
  ...ANSWERED,
})

/** Whether a client that gets its token has nothing to say: nothing was tried again. */
const isQuiet = ({ intercept, env, options }: Situation): boolean => {
  const waits = options?.emulator?.faults?.some((fault) => /^(?:error|slow:60000)/.test(fault))
  return intercept === undefined && env !== AUTO && waits !== true
}

/** Puts a client into a situation, and checks how it ends. @param said what it says of each failure */
export const expectOutcome = async (
  situation: Situation,
  client: Client,
  said: Readonly<Record<MetadataFailure, RegExp>>,
): Promise<void> => {
  const servers = await startClientServers(situation.options)
  try {
    if (situation.intercept !== undefined) servers.intercept = situation.intercept()
    if (situation.answer !== undefined) answerWith(servers, situation.answer)
    const nobody = async (): Promise<string> => `http://127.0.0.1:${await reservePort()}`
    const env = {
      ROLLCALL_ROLE: ROLE,
      ROLLCALL_METADATA_URL: situation.metadataIsDown ? await nobody() : servers.metadataUrl,
      ...situation.env,
    }
    const url = situation.serviceIsDown ? await nobody() : servers.url
    const run = await client(servers, { url, env, situation })
    const { status, stdout, stderr } = run
    const claims = stdout === '' ? undefined : claimsOf(stdout)
    const { instanceId } = servers.emulator.instances[0] ?? {}
    expect(
      {
        status,
        role: claims?.['role'],
        instance: (claims?.['ecs'] as { instance_id?: string } | undefined)?.instance_id,
        challenges: servers.bodiesOf('POST /v1/challenge').length,
      },
      stderr,
    ).toEqual({
      status: situation.status,
      role: situation.status === 0 ? ROLE : undefined,
      instance: situation.status === 0 ? instanceId : undefined,
      challenges: situation.challenges ?? 1,
    })
    if (situation.failure !== undefined) expect(stderr).toMatch(said[situation.failure])
    else if (status === 0 && isQuiet(situation)) expect(stderr).toBe('')
  } finally {
    await servers.close()
  }
}
