// A crowd of instances that enroll as `bootstrap.sh` does, several at a time: while the service gives no
// answer they repeat the same challenge and evidence, until the challenge expires.

import { setTimeout as sleep } from 'node:timers/promises'
import type { KeptAnswer, KeptClient } from '../../support/keep-alive.ts'
import { type Random, pick } from '../../support/random.ts'
import type { Attempt, Instances, Rule } from './instances.ts'

/** How many enroll at a time. */
export const IN_FLIGHT = 12

/** Every other one may enroll once. */
const RULES = ['never', 'never', 'always', 'same_key'] as const satisfies readonly Rule[]
const MOST_PAUSE_MS = 30

/** An instance that has its token. */
export interface Enrolled {
  readonly attempt: Attempt
  readonly answer: KeptAnswer
}

/** See {@link createCrowd}. */
export interface Crowd {
  /** How many have their token. */
  readonly answered: number
  /** Enrolls all. @throws Error if one is refused */
  enrollAll(count: number): Promise<readonly Enrolled[]>
  /** Posts again and again until there is an answer. */
  insist(attempt: Attempt): Promise<KeptAnswer>
  /** Ends what is under way, also where it would try again. */
  giveUp(): void
  /** What was posted whole since the call before and had no answer; waits for what is under way. */
  takeLost(): Promise<readonly Attempt[]>
}

/**
 * Creates a crowd.
 * @param lifetimeSeconds of challenges
 * @param onWritten is called whenever an enrollment was written
 */
export const createCrowd = (
  instances: Instances,
  client: KeptClient,
  {
    random,
    lifetimeSeconds,
    onWritten,
  }: { random: Random; lifetimeSeconds: number; onWritten: () => void },
): Crowd => {
  let answered = 0
  let lost: Attempt[] = []
  let over = false
  const underWay = new Set<Promise<unknown>>()

  const again = async <Result>(call: () => Promise<Result | undefined>): Promise<Result> => {
    for (;;) {
      if (over) throw new Error('given up')
      const result = await call()
      if (result !== undefined) return result
      await sleep(random(MOST_PAUSE_MS))
    }
  }

  /** @returns nothing if there was no answer, or one that asks for a retry */
  const post = async ({ fields, headers }: Attempt, written: () => void) => {
    const sending = client.send('POST', '/v1/enroll', { fields, headers, onWritten: written })
    underWay.add(sending)
    try {
      const answer = await sending
      return answer.status >= 500 ? undefined : answer
    } finally {
      underWay.delete(sending)
    }
  }

  const enroll = async (): Promise<Enrolled> => {
    const instance = instances.newInstance()
    const rule = pick(random, RULES)
    const key = rule === 'same_key' ? await instances.newKey() : undefined
    for (;;) {
      const deadline = performance.now() + lifetimeSeconds * 1000
      const challenge = await again(() =>
        instances.challenge(client, rule, key).catch(() => undefined),
      )
      const attempt = await instances.attempt(instance, rule, challenge, key)
      const answer = await again(async () => {
        if (performance.now() > deadline) return 'late'
        let written = false
        try {
          return await post(attempt, () => {
            written = true
            onWritten()
          })
        } catch {
          if (written) lost.push(attempt)
          return undefined
        }
      })
      if (answer === 'late') continue
      if (answer.status !== 200) throw new Error(`refused with ${answer.status}: ${rule}`)
      answered++
      // A connection may also break while the service lives: this one is lost no longer.
      lost = lost.filter((one) => one !== attempt)
      return { attempt, answer }
    }
  }

  return {
    get answered() {
      return answered
    },
    async enrollAll(count) {
      const enrolled: Enrolled[] = []
      let begun = 0
      const work = async (): Promise<void> => {
        while (begun++ < count) enrolled.push(await enroll())
      }
      await Promise.all(Array.from({ length: IN_FLIGHT }, work))
      return enrolled
    },
    insist: (attempt) => again(() => post(attempt, () => undefined).catch(() => undefined)),
    giveUp() {
      over = true
    },
    async takeLost() {
      await Promise.allSettled(underWay)
      // What waited for the same has told by now what became of it.
      await sleep(0)
      const taken = lost
      lost = []
      return taken
    },
  }
}
