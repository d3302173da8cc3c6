// The service is killed at moments that a seed draws, while a crowd enrolls: what had been spent by then
// and was not answered is looked up while the service is dead.

import type { KeptAnswer, KeptClient } from '../../support/keep-alive.ts'
import type { Random } from '../../support/random.ts'
import type { Attempt, Instances } from './instances.ts'
import { type Crowd, type Enrolled, IN_FLIGHT, createCrowd } from './killed-crowd.ts'
import type { MortalService } from './killed-service.ts'
import { type KilledState, type StoredOf, storedOf } from './killed-state.ts'

const MOST_DELAY_MS = 5

/** When the service is killed. */
interface Moment {
  /** So many have their token, */
  readonly answered: number
  /** so many more enrollments were posted since then, */
  readonly posted: number
  /** and so many milliseconds passed. */
  readonly delayMs: number
}

/** What came of it. */
export interface KilledRun {
  readonly kills: number
  readonly enrolled: readonly Enrolled[]
  /** Posts without an answer. */
  readonly lost: number
  /** Enrollments of which the service died after it had spent the challenge, and before it answered. */
  readonly fallen: ReadonlyMap<Attempt, StoredOf>
  /** What other instances were answered that came with those challenges after the next start. */
  readonly thefts: readonly KeptAnswer[]
  readonly crowd: Crowd
}

/** The same challenge, in the hands of another instance. */
export const theftOf = (
  instances: Instances,
  { challenge, rule, key }: Attempt,
): Promise<Attempt> => instances.attempt(instances.newInstance(), rule, challenge, key)

/** Spread over the whole run, so that all of them come. */
const drawMoments = (random: Random, enrollments: number, kills: number): readonly Moment[] => {
  const span = (enrollments - 4 * IN_FLIGHT) / kills
  return Array.from({ length: kills }, (_, kill) => ({
    answered: Math.floor(kill * span) + random(Math.floor(span)),
    posted: 1 + random(IN_FLIGHT),
    delayMs: random(MOST_DELAY_MS + 1),
  }))
}

/** Kills a service at a moment. */
interface Killer {
  /** To be called whenever an enrollment was posted. */
  onPosted(answered: number): void
  /** @returns once it is killed */
  killAt(moment: Moment): Promise<'killed'>
}

const createKiller = (service: MortalService): Killer => {
  let waiting: { moment: Moment; posted: number; done: (killed: 'killed') => void } | undefined
  return {
    onPosted(answered) {
      if (waiting === undefined || answered < waiting.moment.answered) return
      const { moment, done } = waiting
      if (++waiting.posted < moment.posted) return
      waiting = undefined
      const kill = (): void => {
        service.kill()
        done('killed')
      }
      if (moment.delayMs === 0) kill()
      else setTimeout(kill, moment.delayMs)
    },
    killAt: (moment) =>
      new Promise((done) => {
        waiting = { moment, posted: 0, done }
      }),
  }
}

/** Runs it. The service is running before, and after. */
export const enrollWhileKilled = async (
  service: MortalService,
  state: KilledState,
  instances: Instances,
  client: KeptClient,
  options: { random: Random; enrollments: number; kills: number; lifetimeSeconds: number },
): Promise<KilledRun> => {
  const { random, enrollments, kills, lifetimeSeconds } = options
  const killer = createKiller(service)
  const onWritten = (): void => killer.onPosted(crowd.answered)
  const crowd = createCrowd(instances, client, { random, lifetimeSeconds, onWritten })
  const enrolling = crowd.enrollAll(enrollments)
  const fallen = new Map<Attempt, StoredOf>()
  const thefts: Promise<KeptAnswer>[] = []
  let [killed, lost] = [0, 0]

  const killOnce = async (): Promise<void> => {
    await service.ended()
    await state.settled()
    const unanswered = await crowd.takeLost()
    const stored = await storedOf(state, unanswered)
    await service.start()
    killed++
    lost += unanswered.length
    for (const [at, attempt] of unanswered.entries()) {
      const found = stored[at]
      if (!found?.spent || fallen.has(attempt)) continue
      fallen.set(attempt, found)
      // At the same time as the instance itself retries.
      thefts.push(theftOf(instances, attempt).then(crowd.insist))
    }
  }

  try {
    for (const moment of drawMoments(random, enrollments, kills)) {
      if ((await Promise.race([killer.killAt(moment), enrolling])) !== 'killed') break
      await killOnce()
    }
    const [enrolled, answers] = await Promise.all([enrolling, Promise.all(thefts)])
    return { kills: killed, enrolled, lost, fallen, thefts: answers, crowd }
  } catch (error) {
    crowd.giveUp()
    await Promise.allSettled([enrolling, ...thefts])
    throw error
  }
}
