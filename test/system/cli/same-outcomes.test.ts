// bootstrap.sh and `rollcall enroll` in the same situations: both end with the same exit status, and both
// call the service as often for a challenge.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bootstrapScript } from '../../../src/http/bootstrap-script.ts'
import { type Intercept, runScript } from '../../support/bootstrap.ts'
import { CLUSTER, ROLE, claimsOf } from '../../support/enrollment.ts'
import { freePort } from '../../support/processes.ts'
import {
  type ClientScene,
  type ClientSceneOptions,
  isEnroll,
  setClientScene,
  unavailable,
} from '../../support/client-scene.ts'
import type { RollcallCommand } from '../../support/command.ts'
import { buildCommand } from '../../support/command-process.ts'
import {
  HOSTILE_ANSWERS,
  type HostileAnswer,
  ODD_ANSWERS,
  answerWith,
} from '../../support/hostile-answers.ts'

/** A situation, and how a client ends in it. */
interface Situation {
  readonly status: number
  readonly options?: ClientSceneOptions
  /** Makes what happens between client and service; once for each client. */
  readonly intercept?: () => Intercept
  readonly env?: Record<string, string>
  /** How many challenges are asked for. Default: 1. */
  readonly challenges?: number
  readonly serviceIsDown?: true
  /** What the service or the metadata service answers in place of the good answer. */
  readonly answer?: HostileAnswer
}

const faults = (...names: string[]): ClientSceneOptions => ({ emulator: { faults: names } })
const document = 'dynamic/instance-identity/document'
const once =
  (answer: () => Response): (() => Intercept) =>
  () => {
    let left = 1
    return (request) => (isEnroll(request) && left-- > 0 ? answer() : undefined)
  }

const SITUATIONS: Readonly<Record<string, Situation>> = {
  'all is well': { status: 0 },
  'the metadata service takes tokens only': {
    status: 0,
    options: { emulator: { hardenedOnly: true } },
  },
  'there is no hardened mode': { status: 3, options: faults('not-found:api/token') },
  'there is no hardened mode, and normal mode will do': {
    status: 0,
    options: faults('not-found:api/token'),
    env: { ROLLCALL_METADATA_MODE: 'auto' },
  },
  'the metadata service is slow': { status: 0, options: faults('slow:900') },
  'there is no document': { status: 3, options: faults(`not-found:${document}`) },
  'the metadata service fails at first': { status: 0, options: faults(`error:500x1@${document}`) },
  'the metadata service gives no token': { status: 3, options: faults('error:403@api/token') },
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
  'the role is none': { status: 2, env: { ROLLCALL_ROLE: 'Worker' }, challenges: 0 },
  'the number of attempts is none': {
    status: 2,
    env: { ROLLCALL_ATTEMPTS: 'x' },
    challenges: 0,
  },
  'the mode is none': { status: 2, env: { ROLLCALL_METADATA_MODE: 'x' }, challenges: 0 },
  'the number of attempts is 0': { status: 2, env: { ROLLCALL_ATTEMPTS: '0' }, challenges: 0 },
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
  'the token is asked for no one audience': { status: 0, env: { ROLLCALL_RESOURCE: '' } },
  'the token is asked for an audience that is not of the role': {
    status: 4,
    env: { ROLLCALL_RESOURCE: 'https://other.example' },
  },
  ...Object.fromEntries(
    [...HOSTILE_ANSWERS, ...ODD_ANSWERS].map((answer): [string, Situation] => [
      `the answer is ${answer.name}`,
      {
        status: answer.status,
        answer,
        challenges: answer.challenges ?? 1,
        env: { ROLLCALL_ATTEMPTS: '2' },
      },
    ]),
  ),
}

let command: RollcallCommand
beforeAll(async () => {
  command = await buildCommand()
})
afterAll(() => command.remove())

type Client = (url: string, env: Record<string, string>) => ReturnType<typeof runScript>

/** Puts one client into a situation. */
const observe = async (situation: Situation, client: Client) => {
  const scene: ClientScene = await setClientScene(situation.options)
  try {
    if (situation.intercept !== undefined) scene.intercept = situation.intercept()
    if (situation.answer !== undefined) answerWith(scene, situation.answer)
    const url = situation.serviceIsDown ? `http://127.0.0.1:${await freePort()}` : scene.url
    const env = { ROLLCALL_ROLE: ROLE, ROLLCALL_METADATA_URL: scene.metadataUrl, ...situation.env }
    const { status, stdout } = await client(url, env)
    const role = stdout === '' ? undefined : claimsOf(stdout)['role']
    return { status, role, challenges: scene.bodiesOf('POST /v1/challenge').length }
  } finally {
    await scene.close()
  }
}

describe('bootstrap.sh and rollcall enroll', () => {
  it.each(Object.keys(SITUATIONS))('end alike when %s', async (name) => {
    const situation = SITUATIONS[name] as Situation
    const { status, challenges = 1 } = situation
    const expected = { status, role: status === 0 ? ROLE : undefined, challenges }
    expect(await observe(situation, (url, env) => command.run(['enroll', url], { env }))).toEqual(
      expected,
    )
    expect(
      await observe(situation, (issuer, env) =>
        runScript(['sh'], bootstrapScript({ issuer }), env),
      ),
    ).toEqual(expected)
  })
})
