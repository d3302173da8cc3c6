// What must hold after the service was killed again and again.

import { expect } from 'vitest'
import { waitUntil } from '../../support/processes.ts'
import type { KeptAnswer, KeptClient } from '../../support/keep-alive.ts'
import { type Instances, claimsOf, listInstances } from './instances.ts'
import type { Enrolled } from './killed-crowd.ts'
import { type KilledRun, theftOf } from './killed-run.ts'
import type { MortalService } from './killed-service.ts'
import { type KilledState, jtiOf, storedOf } from './killed-state.ts'

/** How many are checked at a time. */
const AT_A_TIME = 12

/** All that was done, and with what. */
export interface Aftermath {
  readonly service: MortalService
  readonly state: KilledState
  readonly instances: Instances
  readonly client: KeptClient
  readonly run: KilledRun
}

const forEach = async <Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> => {
  const left = [...items]
  const next = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, next))
}

/** Every instance has its token, and that very enrollment is recorded, once. */
export const expectRecords = async (aftermath: Aftermath): Promise<void> => {
  const { state, instances, client, run } = aftermath
  const attempts = run.enrolled.map(({ attempt }) => attempt)
  const stored = await storedOf(state, attempts)
  expect(stored.filter(({ spent, recorded }) => !(spent && recorded))).toEqual([])
  const jtis = run.enrolled.map(({ answer }) => claimsOf(answer)['jti'])
  expect(jtis).toEqual(attempts.map(({ challenge }) => jtiOf(challenge)))
  expect(new Set(jtis).size).toBe(jtis.length)
  const expected = attempts.map(({ instance: { id } }) => [id, { enrollments: 1, generation: 0 }])
  expect(await listInstances(instances, client)).toEqual(new Map(expected as [string, never][]))
}

/** What the service said to an answer that was given, in whichever of its lives. */
const reasonsOf = async (
  { service }: Aftermath,
  answers: readonly KeptAnswer[],
): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const wanted = new Set(answers.map(({ requestId }) => requestId))
  const found = () =>
    new Map(
      service
        .auditEvents()
        .filter(({ request_id: id }) => wanted.has(String(id)))
        .map((event) => [event['request_id'], event]),
    )
  await waitUntil(() => found().size === wanted.size, { seconds: 10, what: 'the audit events' })
  const events = found()
  return answers.map(({ requestId }) => events.get(requestId) ?? {})
}

/** Evidence that was spent when the service died was recognised when it was posted again, and no other. */
export const expectRetriesRecognised = async (aftermath: Aftermath): Promise<void> => {
  const { enrolled, fallen } = aftermath.run
  const events = await reasonsOf(
    aftermath,
    enrolled.map(({ answer }) => answer),
  )
  expect(events.map(({ retry }) => retry)).toEqual(
    enrolled.map(({ attempt }) => fallen.has(attempt)),
  )
}

/** No challenge is accepted a second time, and what was answered is answered the same again. */
export const expectNothingTwice = async (aftermath: Aftermath): Promise<void> => {
  const { instances, run } = aftermath
  const { crowd } = run
  const stolen = [...run.thefts]
  const sameToken = async ({ attempt, answer }: Enrolled): Promise<void> => {
    const again = await crowd.insist(attempt)
    expect(again.status).toBe(200)
    expect(claimsOf(again)).toEqual(claimsOf(answer))
  }
  await forEach(run.enrolled, async (enrolled) => {
    const { attempt } = enrolled
    const { instance, rule } = attempt
    stolen.push(await crowd.insist(await theftOf(instances, attempt)))
    await sameToken(enrolled)
    if (rule === 'always') return
    // Neither the instance that may enroll once, nor another key.
    const key = rule === 'same_key' ? await instances.newKey() : undefined
    const challenge = await instances.challenge(aftermath.client, rule, key)
    const fresh = await instances.attempt(instance, rule, challenge, key)
    expect(await crowd.insist(fresh)).toMatchObject({ status: 403 })
  })
  expect(new Set(stolen.map(({ status }) => status))).toEqual(new Set([401]))
  const reasons = (await reasonsOf(aftermath, stolen)).map(({ reason }) => reason)
  expect(new Set(reasons)).toEqual(new Set(['challenge_spent']))
}
