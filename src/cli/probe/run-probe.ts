// Runs the prober: reads what it needs, waits for the door, shows the tokens, and reports.

import { printable } from '../../base/text.ts'
import { CommandError, usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { requireFile } from '../named-file.ts'
import { print, printJson } from '../output.ts'
import { requireReplaceable } from '../replaceable.ts'
import { thisRun } from '../run.ts'
import { say } from '../say.ts'
import { cannotWrite, replaceReadable, tryWriting } from '../secret-file.ts'
import { BAD_TOKEN_NAMES } from './bad-tokens.ts'
import { adviceFor } from './advice.ts'
import { type Door, type DoorAnswer, showToken } from './door.ts'
import { fire } from './fire.ts'
import { answerText, judge } from './judge.ts'
import { junit } from './junit.ts'
import { type Prepared, prepareGivenTokens, prepareTestIssuer } from './prepare.ts'
import type { ProbeOptions } from './probe.ts'
import { readDoor } from './read-door.ts'
import { makeReport, reportText } from './report.ts'

const BETWEEN_SECONDS = 1

/** Shows good tokens until one is admitted: a door may fetch the keys late. */
const waitForDoor = async (
  door: Door,
  { good, wait: usual }: Prepared,
  options: ProbeOptions,
): Promise<DoorAnswer> => {
  const { timing, signal } = thisRun()
  const seconds = options.wait ?? usual
  const end = timing.elapsed() + seconds
  for (let waited = false; ; waited = true) {
    const answer = await showToken(door, good())
    if (judge(answer, options) === 'admitted' || timing.elapsed() >= end) return answer
    if (!waited) {
      say(
        `the door does not admit a good token yet: ${answerText(answer)}; waiting up to ${seconds} s`,
      )
    }
    await timing.wait(BETWEEN_SECONDS, signal)
  }
}

const checkOpen = (
  door: Door,
  answer: DoorAnswer,
  options: ProbeOptions,
  advice: (status: number) => string,
): void => {
  if ('failure' in answer) {
    const { failure, remedy } = answer
    throw new CommandError(EXIT.unavailable, `${door.shown} does not answer: ${failure}; ${remedy}`)
  }
  if (judge(answer, options) === 'admitted') return
  throw new CommandError(
    EXIT.refused,
    `the door answered a good token with ${answer.status}, so bad tokens were not shown; ${advice(answer.status)}`,
  )
}

const checkAccepted = (names: readonly string[]): void => {
  const unknown = names.find((name) => !(BAD_TOKEN_NAMES as readonly string[]).includes(name))
  if (unknown === undefined) return
  throw usageError(
    `--accept: no bad token is named ${JSON.stringify(unknown)}; copy a name of the report`,
  )
}

/** More than a report of all tokens has, but for a URL of more than 500 characters. */
const JUNIT_BYTES = 65_536

/** @throws CommandError if the file cannot be written */
const forJunit = (path: string, write: (path: string) => void): void => {
  try {
    write(path)
  } catch (error) {
    throw cannotWrite(error, path, '--junit')
  }
}

/** Probes a door, and sets the exit status. @throws CommandError */
export const runProbe = async (url: string, options: ProbeOptions): Promise<void> => {
  const { testIssuer, json, junit: junitFile } = options
  checkAccepted(options.accept)
  // Before any token is shown: a report that cannot be written would be lost.
  if (junitFile !== undefined) {
    requireFile(junitFile, '--junit')
    requireReplaceable(junitFile, '--junit', {
      what: 'an XML report',
      isThat: (old) => /^\s*<(?:\?xml|testsuites?)\b/.test(old),
    })
    forJunit(junitFile, (path) => tryWriting(path, JUNIT_BYTES))
  }
  const door = await readDoor(url, options)
  const prepared = await (testIssuer === undefined
    ? prepareGivenTokens(options)
    : prepareTestIssuer(options, testIssuer))
  const { good, plan, lineOf, advice, close } = prepared
  try {
    checkOpen(door, await waitForDoor(door, prepared, options), options, (status) =>
      adviceFor(status, door.url, advice()),
    )
    say(`the door admits a good token; showing it ${plan.shots.length} others`)
    const findings = await fire(door, plan, good, options)
    const { leftOut } = plan
    const report = makeReport(door.shown, findings, { leftOut, lineOf, accepted: options.accept })
    // First of all: if the file cannot be written after all, nothing is lost.
    if (json) printJson(report)
    else print(...reportText(report).map(printable))
    if (junitFile !== undefined) {
      forJunit(junitFile, (path) => replaceReadable(path, junit(report)))
    }
    const { admitted, unclear } = report.counts
    if (admitted > 0 || unclear > 0 || !report.stillOpen) thisRun().exitWith(EXIT.notGood)
  } finally {
    await close()
  }
}
