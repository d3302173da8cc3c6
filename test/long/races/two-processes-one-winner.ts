// Races that one enrollment wins: for a challenge, for the first use of an instance, and for the key that
// it is bound to.

import type { Attempt, Instance, InstanceKey, Rule } from './instances.ts'
import type { Round } from './two-processes-run.ts'
import { type Posted, other, post, race } from './two-processes-posts.ts'

const MOST_RACERS = 6

const racersOf = ({ random }: Round): readonly number[] =>
  Array.from({ length: 2 + random(MOST_RACERS - 1) }, (_, racer) => racer)

/** A challenge of either process, and evidence over it. */
export const freshAttempt = async (
  round: Round,
  instance: Instance,
  rule: Rule,
  key?: InstanceKey,
): Promise<Attempt> => {
  const challenge = await round.instances.challenge(round.clients[round.side()], rule, key)
  return round.instances.attempt(instance, rule, challenge, key)
}

/**
 * Races attempts of which one may win, and tries again what they came to.
 * @param refusal status of all others
 * @returns the first post that was issued a token; nothing if there is none, which is noted
 */
export const expectOneWinner = async (
  round: Round,
  attempts: readonly Attempt[],
  refusal: 401 | 403,
): Promise<Posted | undefined> => {
  const posted = await race(round, attempts)
  const issued = posted.filter(({ token }) => token !== undefined)
  const winners = new Set(issued.map(({ attempt }) => attempt))
  round.check(winners.size <= 1, 'more than one has won')
  round.check(winners.size >= 1, 'nobody has won')
  const [first] = issued.toSorted((a, b) => a.answeredAt - b.answeredAt)
  if (first === undefined) return undefined
  const { attempt: winner, side, token } = first
  round.won(side)

  const again = await post(round, winner, other(side))
  const ofWinner = [...posted.filter(({ attempt }) => attempt === winner), again]
  round.check(
    ofWinner.every((it) => it.token === token),
    'a retry of the winner got another token, or none',
  )
  const loser = attempts.find((attempt) => attempt !== winner)
  const late = loser && [await post(round, loser, 0), await post(round, loser, 1)]
  const refused: readonly Posted[] = [
    ...posted.filter(({ attempt }) => attempt !== winner),
    ...(late ?? []),
  ]
  round.check(
    refused.every(({ status }) => status === refusal),
    `a loser was not refused with ${refusal}`,
  )
  return first
}

/** Instances that post one challenge. */
export const raceForChallenge = async (round: Round): Promise<void> => {
  const { instances } = round
  const challenge = await instances.challenge(round.clients[round.side()], 'always')
  const attempts = await Promise.all(
    racersOf(round).map(() => instances.attempt(round.newInstance(), 'always', challenge)),
  )
  const winner = await expectOneWinner(round, attempts, 401)
  if (winner !== undefined) round.stands(winner.attempt.instance, { enrollments: 1, generation: 0 })
}

/** Challenges that one instance posts, which may enroll once. */
export const raceForFirstUse = async (round: Round): Promise<void> => {
  const instance = round.newInstance()
  const attempts = await Promise.all(
    racersOf(round).map(() => freshAttempt(round, instance, 'never')),
  )
  await expectOneWinner(round, attempts, 403)
  const late = await post(round, await freshAttempt(round, instance, 'never'), round.side())
  round.check(late.status === 403, 'it has enrolled once more')
  round.stands(instance, { enrollments: 1, generation: 0 })
}

/** Keys that one instance enrolls with: the first stays the only one. */
export const raceForKey = async (round: Round): Promise<void> => {
  const { instances } = round
  const instance = round.newInstance()
  const contenders = await Promise.all(
    racersOf(round).map(async () => {
      const key = await instances.newKey()
      return { key, attempt: await freshAttempt(round, instance, 'same_key', key) }
    }),
  )
  const attempts = contenders.map(({ attempt }) => attempt)
  const winner = await expectOneWinner(round, attempts, 403)
  for (const { key, attempt } of contenders) {
    const again = await freshAttempt(round, instance, 'same_key', key)
    const { status } = await post(round, again, round.side())
    const expected = attempt === winner?.attempt ? 200 : 403
    round.check(status === expected, `its key came again and got ${status}, not ${expected}`)
  }
  round.stands(instance, { enrollments: 2, generation: 0 })
}
