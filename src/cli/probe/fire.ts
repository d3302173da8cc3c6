// Shows the door a good token, then each bad one, then a good one again: a door that refuses everything, or locks its
// client out midway, must not look right.

import { thisRun } from '../run.ts'
import { type Door, type DoorAnswer, showToken } from './door.ts'
import { type Outcome, type Statuses, judge } from './judge.ts'
import type { Plan, Shot } from './shots.ts'

/** What the door made of one bad token. */
export interface Finding extends Pick<Shot, 'name' | 'check'> {
  readonly answer: DoorAnswer
  readonly outcome: Outcome
  /** Whether the token expired before the answer, so that a refusal is `unclear`. */
  readonly tooLate: boolean
}

/** What the door made of all of them. */
export interface Findings {
  readonly findings: readonly Finding[]
  /** What became of the good token afterwards. */
  readonly goodAtEnd: DoorAnswer
  /** Whether it was still admitted. If not, the refusals before it say nothing. */
  readonly stillOpen: boolean
}

/** The clock of the door may be ahead of ours. */
const CLOCKS_SECONDS = 10

const isTooLate = ({ expires }: Shot): boolean =>
  expires !== undefined && expires - CLOCKS_SECONDS <= thisRun().timing.now()

/** Shows each bad token, one after the other, and a good one at the end. @param good gives a good token */
export const fire = async (
  door: Door,
  { shots }: Plan,
  good: () => string,
  statuses: Statuses,
): Promise<Findings> => {
  const findings: Finding[] = []
  for (const shot of shots) {
    const { name, check, token } = shot
    const answer = await showToken(door, token())
    const outcome = judge(answer, statuses)
    const tooLate = outcome === 'refused' && isTooLate(shot)
    findings.push({ name, check, answer, outcome: tooLate ? 'unclear' : outcome, tooLate })
  }
  const goodAtEnd = await showToken(door, good())
  return { findings, goodAtEnd, stillOpen: judge(goodAtEnd, statuses) === 'admitted' }
}
