// Time in certificates (RFC 5280 section 4.1.2.5): UTCTime or GeneralizedTime, in UTC, to the
// second. No clock.

import { type DerReader, TAG, errorAt, nextIs, readContents } from './der.ts'

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const
const SECONDS_A_DAY = 86_400

const isLeapYear = (year: number): boolean =>
  year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

const daysInMonth = (year: number, month: number): number =>
  month === 2 && isLeapYear(year) ? 29 : (MONTH_DAYS[month - 1] ?? 0)

/** Days from 1970-01-01 to the first day of a year. */
const daysToYear = (year: number): number => {
  const before = (y: number): number =>
    365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  return before(year - 1) - before(1969)
}

/** Unix seconds of a UTC date and time; `undefined` if the date does not exist. */
const unixSeconds = (digits: string): number | undefined => {
  const at = (from: number, to: number): number => Number(digits.slice(from, to))
  const [year, month, day] = [at(0, 4), at(4, 6), at(6, 8)]
  const [hour, minute, second] = [at(8, 10), at(10, 12), at(12, 14)]
  if (day < 1 || day > daysInMonth(year, month) || hour > 23 || minute > 59 || second > 59) {
    return undefined
  }
  let days = daysToYear(year) + day - 1
  for (let m = 1; m < month; m++) days += daysInMonth(year, m)
  return days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second
}

/**
 * Reads a Time as Unix seconds. Two-digit years are 1950 to 2049.
 * @throws InstanceIdentityError `malformed_der`
 */
export const readTime = (reader: DerReader): number => {
  const at = reader.offset
  const utc = nextIs(reader, TAG.utcTime)
  const contents = readContents(reader, utc ? TAG.utcTime : TAG.generalizedTime)
  const text = String.fromCharCode(...contents.subarray(0, 16))
  const pattern = utc ? /^\d{12}Z$/ : /^\d{14}Z$/
  if (contents.length <= 16 && pattern.test(text)) {
    const century = Number(text.slice(0, 2)) < 50 ? '20' : '19'
    const seconds = unixSeconds(utc ? century + text : text)
    if (seconds !== undefined) return seconds
  }
  throw errorAt(reader, at, 'malformed_der', 'not a valid time')
}
