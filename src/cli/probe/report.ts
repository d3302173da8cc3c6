// What the prober found, as lines for people and as a document for programs.

import { CHECKS } from './checks.ts'
import type { Findings } from './fire.ts'
import { type Outcome, answerText } from './judge.ts'
import type { LeftOut, ShotName } from './shots.ts'

/** What is said of one token. */
export interface Line {
  readonly name: ShotName
  /** `accepted`: admitted, and the user knows of it. */
  readonly outcome: Outcome | 'accepted' | 'not tried'
  /** The status, or why there was none. */
  readonly answer?: string
  /** What the outcome means. */
  readonly means?: string
  /** What to do. */
  readonly remedy?: string
}

/** All that is said of a door. */
export interface Report {
  /** Origin and path of the door. */
  readonly url: string
  readonly lines: readonly Line[]
  readonly counts: {
    readonly refused: number
    readonly admitted: number
    readonly accepted: number
    readonly unclear: number
    readonly notTried: number
  }
  /** Whether a good token was admitted at the end, too. */
  readonly stillOpen: boolean
}

/** Gives the line of a configuration that refuses a token, if the caller knows the configuration. */
export type RefusingLine = (name: ShotName) => string | undefined

/** What is said if the good token is refused at the end. */
export const LOCKED_OUT =
  'The door refused the good token at the end, so the refusals before it may be a lock-out. Wait, or use a new token.'

const UNCLEAR = {
  means: 'the answer says neither that the token was admitted nor that it was refused',
  remedy:
    'look at the log of the door; if the status is meant, give all statuses of its kind with --refused or --admitted',
}

const TOO_LATE = {
  means: 'the token had expired, or was about to, so the door may have refused it for this',
  remedy: 'get new tokens that are valid for longer, and run the command again',
}

/** What is known beside the answers of the door. */
interface About {
  readonly leftOut: readonly LeftOut[]
  readonly lineOf: RefusingLine
  /** Names of tokens that may be admitted. */
  readonly accepted: readonly string[]
}

/** Makes the report. */
export const makeReport = (
  url: string,
  { findings, stillOpen }: Findings,
  { leftOut, lineOf, accepted }: About,
): Report => {
  const shown = findings.map(({ name, check, answer, outcome, tooLate }): Line => {
    const line = { name, outcome, answer: answerText(answer) }
    if (outcome === 'refused') return line
    if (outcome === 'admitted' && accepted.includes(name)) return { ...line, outcome: 'accepted' }
    if (outcome === 'unclear') return { ...line, ...(tooLate ? TOO_LATE : UNCLEAR) }
    const { risk, rule } = CHECKS[check]
    return { ...line, means: risk, remedy: lineOf(name) ?? rule }
  })
  const notTried = leftOut.map(({ name, needs }): Line => ({
    name,
    outcome: 'not tried',
    remedy: `give ${needs}`,
  }))
  const count = (wanted: Line['outcome']): number =>
    shown.filter(({ outcome }) => outcome === wanted).length
  return {
    url,
    lines: [...shown, ...notTried],
    counts: {
      refused: count('refused'),
      admitted: count('admitted'),
      accepted: count('accepted'),
      unclear: count('unclear'),
      notTried: notTried.length,
    },
    stillOpen,
  }
}

const WORD: Readonly<Record<Line['outcome'], string>> = {
  refused: 'refused',
  admitted: 'ADMITTED',
  accepted: 'accepted',
  unclear: 'unclear',
  'not tried': 'not tried',
}

const INDENT = ' '.repeat(11)

const shownLines = ({ name, outcome, answer, means, remedy }: Line): readonly string[] => [
  `${WORD[outcome].padEnd(INDENT.length)}${name}: ${answer}`,
  ...(means === undefined ? [] : [`${INDENT}means: ${means}`, `${INDENT}next: ${remedy}`]),
]

/** One line for all that need the same, the most at the end. */
const leftOutLines = (lines: readonly Line[]): readonly string[] =>
  [...new Set(lines.map(({ remedy }) => remedy))]
    .map((remedy) => ({ remedy, same: lines.filter((line) => line.remedy === remedy) }))
    .toSorted((one, other) => one.same.length - other.same.length)
    .map(({ remedy, same }) => {
      const names = same.length === 1 ? same[0]?.name : `${same.length} others`
      return `${WORD['not tried'].padEnd(INDENT.length)}${names}: ${remedy}`
    })

/** The lines for a terminal. */
export const reportText = ({ lines, counts, stillOpen }: Report): readonly string[] => [
  ...lines.filter(({ outcome }) => outcome !== 'not tried').flatMap(shownLines),
  ...leftOutLines(lines.filter(({ outcome }) => outcome === 'not tried')),
  ...(stillOpen ? [] : [LOCKED_OUT]),
  [
    `${counts.refused} refused`,
    `${counts.admitted} admitted`,
    ...(counts.accepted === 0 ? [] : [`${counts.accepted} accepted`]),
    `${counts.unclear} unclear`,
    `${counts.notTried} not tried`,
  ].join(', '),
]
