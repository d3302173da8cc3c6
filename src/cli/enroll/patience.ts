// How often and how long an enrollment tries again: as bootstrap.sh does.

import { CommandError, EXIT, say } from '../exit-status.ts'
import type { NoAnswer } from '../no-answer.ts'
import { thisRun } from '../run.ts'
import { type ServiceAnswer, reasonOf } from '../service-call.ts'

const FIRST_BACKOFF_SECONDS = 2
const MAX_BACKOFF_SECONDS = 32
const MAX_ASKED_SECONDS = 60

/** What is left of a client's patience. */
export interface Patience {
  /** Begins with short waits again. */
  rest(): void
  /**
   * Counts a failed call, and waits before the next one: as long as the answer asks, at most a minute,
   * and a random part of 2, 4, 8 .. 32 s more.
   * @throws CommandError once there were too many
   */
  retry(answer: ServiceAnswer | NoAnswer): Promise<void>
  /** Counts a challenge that expired. @throws CommandError once there were too many */
  startOver(): void
}

const askedSeconds = (answer: ServiceAnswer | NoAnswer): number => {
  const header = 'headers' in answer ? answer.headers.get('Retry-After') : null
  return /^[0-9]{1,4}$/.test(header ?? '') ? Math.min(MAX_ASKED_SECONDS, Number(header)) : 0
}

/** @param attempts calls that may fail before it ends */
export const createPatience = (issuer: string, attempts: number): Patience => {
  let left = attempts
  let backoff = FIRST_BACKOFF_SECONDS
  const count = (message: string): void => {
    left--
    if (left <= 0) throw new CommandError(EXIT.unavailable, message)
  }
  return {
    rest: () => void (backoff = FIRST_BACKOFF_SECONDS),
    async retry(answer) {
      count(`${issuer} is not available (${reasonOf(answer)}); try again later`)
      const wait = askedSeconds(answer) + Math.random() * backoff
      say(`${issuer}: ${reasonOf(answer)}; trying again in ${wait.toFixed(1)} s`)
      await thisRun().timing.wait(wait)
      backoff = Math.min(MAX_BACKOFF_SECONDS, backoff * 2)
    },
    startOver: () => {
      count(`${issuer} was too slow each time; try again later`)
      say('the challenge has expired; starting over with a new one')
    },
  }
}
