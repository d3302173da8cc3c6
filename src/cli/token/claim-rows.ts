// The claims of a token as rows for people: times in words and in RFC 3339, and one row for each member of `ecs`.

import type { Members } from '../../token/jws.ts'
import { timeText } from '../output.ts'

const TIMES: ReadonlySet<string> = new Set(['iat', 'nbf', 'exp', 'enrollment_iat'])

/** The years 0000 to 9999, which RFC 3339 can write. */
const MIN_SECONDS = -62_167_219_200
const MAX_SECONDS = 253_402_300_799

/** Whether a claim is a time that can be shown. */
export const isShownTime = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= MIN_SECONDS && Number(value) <= MAX_SECONDS

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** `in 4 minutes 10 seconds`, `2 hours ago`, `now`: the largest unit, and the next smaller one. */
export const relativeTime = (time: number, now: number): string => {
  const whole = Math.abs(Math.round(time - now))
  const largest = UNITS.findIndex(([, seconds]) => whole >= seconds)
  if (largest === -1) return 'now'
  const words: string[] = []
  let left = whole
  for (const [unit, seconds] of UNITS.slice(largest, largest + 2)) {
    const count = Math.floor(left / seconds)
    left -= count * seconds
    if (count > 0) words.push(`${count} ${unit}${count === 1 ? '' : 's'}`)
  }
  return time > now ? `in ${words.join(' ')}` : `${words.join(' ')} ago`
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The rows, in the order of the token.
 * @param now Unix seconds
 */
export const claimRows = (members: Members, now: number): readonly [string, string][] =>
  Object.entries(members).flatMap(([name, value]): readonly [string, string][] => {
    if (TIMES.has(name) && isShownTime(value)) {
      return [[name, `${timeText(value)}, ${relativeTime(value, now)}`]]
    }
    if (!isObject(value)) return [[name, textOf(value)]]
    return Object.entries(value).map(([inner, its]) => [`${name}.${inner}`, textOf(its)])
  })
