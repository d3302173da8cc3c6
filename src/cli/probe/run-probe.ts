// Runs the prober: reads what it needs, waits for the door, shows the tokens, and reports.

import { writeFileSync } from 'node:fs'
import { printable } from '../../base/text.ts'
import { CommandError, usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { asText, readInput } from '../named-file.ts'
import { print, printJson } from '../output.ts'
import { fetchFor } from '../proxy/proxied-fetch.ts'
import { requiredOption } from '../required-option.ts'
import { inFolder, thisRun } from '../run.ts'
import { say } from '../say.ts'
import { cannotWrite } from '../secret-file.ts'
import { checkServiceAddress } from '../service-address.ts'
import { type Door, type DoorAnswer, showToken } from './door.ts'
import { fire } from './fire.ts'
import { readBadTokens, readGoodToken } from './given-tokens.ts'
import { issuerKey } from './issuer-key.ts'
import { answerText, judge } from './judge.ts'
import { junit } from './junit.ts'
import type { ProbeOptions } from './probe.ts'
import { refusingLine } from './refusing-line.ts'
import { type RefusingLine, makeReport, reportText } from './report.ts'
import { type Plan, planOfTestIssuer, planWithoutKey } from './shots.ts'
import { startTestIssuer } from './test-issuer.ts'

/** All that is needed to fire. */
interface Prepared {
  readonly good: () => string
  readonly plan: Plan
  readonly lineOf: RefusingLine
  readonly close: () => Promise<void>
}

const readDoor = async (url: string, options: ProbeOptions): Promise<Door> => {
  const { method, header, body } = options
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw usageError(`URL: ${JSON.stringify(url)}: expected https://HOST/PATH of the door`)
  }
  const { origin, username, password, href } = new URL(url)
  if (username !== '' || password !== '') throw usageError('URL: expected no user and no password')
  return {
    url: href,
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: header,
    body: body === undefined ? undefined : asText(await readInput(body, '--body'), body, '--body'),
    fetch: await fetchFor(origin),
  }
}

const prepareTestIssuer = async (
  options: ProbeOptions,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Prepared> => {
  const { audience = '', role = 'worker', account, region, algorithm, testIssuerUrl } = options
  const name = testIssuerUrl && checkServiceAddress(testIssuerUrl, '--test-issuer-url')
  const about = { audience, role, account, region, algorithm }
  const issuer = await startTestIssuer({ host, port, issuer: name, ...about }).catch(
    (error: NodeJS.ErrnoException) => {
      throw usageError(
        `--test-issuer: cannot listen on ${host}:${port} (${error.code ?? 'failed'})`,
      )
    },
  )
  say(`the test issuer is ${issuer.issuer}; let a test of the door trust it, never the real one`)
  return {
    good: () => issuer.good(),
    plan: planOfTestIssuer(() => issuer.good(), issuer.privateKey),
    lineOf: refusingLine({ ...options, issuer: issuer.issuer, role }),
    close: () => issuer.close(),
  }
}

const prepareGivenTokens = async (options: ProbeOptions): Promise<Prepared> => {
  const { audience = '', issuer: named } = options
  const file = requiredOption(options.token, '--token', 'give a good token, or --test-issuer PORT')
  const { token, claims } = await readGoodToken(file, audience)
  const issuer = checkServiceAddress(named ?? String(claims['iss']), '--issuer')
  const given = await readBadTokens(options, audience)
  const role = options.role ?? String(claims['role'])
  return {
    good: () => token,
    plan: planWithoutKey(token, await issuerKey(issuer, token), given),
    lineOf: refusingLine({ ...options, issuer, role }),
    close: () => Promise.resolve(),
  }
}

const BETWEEN_SECONDS = 1

/** Shows good tokens until one is admitted: a door may fetch the keys late. */
const waitForDoor = async (
  door: Door,
  good: () => string,
  options: ProbeOptions,
): Promise<DoorAnswer> => {
  const { timing, signal } = thisRun()
  const end = timing.elapsed() + options.wait
  for (let waited = false; ; waited = true) {
    const answer = await showToken(door, good())
    if (judge(answer, options) === 'admitted' || timing.elapsed() >= end) return answer
    if (!waited) {
      say(
        `the door does not admit a good token yet (${answerText(answer)}); waiting up to ${options.wait} s`,
      )
    }
    await timing.wait(BETWEEN_SECONDS, signal)
  }
}

const checkOpen = (door: Door, answer: DoorAnswer, options: ProbeOptions): void => {
  if ('failure' in answer) {
    throw new CommandError(EXIT.unavailable, `${door.url} does not answer: ${answer.failure}`)
  }
  if (judge(answer, options) === 'admitted') return
  throw new CommandError(
    EXIT.refused,
    `the door refused a good token with ${answer.status}, so nothing can be said of bad ones; check its issuer, audience and role`,
  )
}

const writeJunit = (path: string, text: string): void => {
  try {
    writeFileSync(inFolder(path), text)
  } catch (error) {
    throw cannotWrite(error, path, '--junit')
  }
}

/** Probes a door, and sets the exit status. @throws CommandError */
export const runProbe = async (url: string, options: ProbeOptions): Promise<void> => {
  const { testIssuer, json, junit: junitFile } = options
  const door = await readDoor(url, options)
  const { good, plan, lineOf, close } = await (testIssuer === undefined
    ? prepareGivenTokens(options)
    : prepareTestIssuer(options, testIssuer))
  try {
    checkOpen(door, await waitForDoor(door, good, options), options)
    say(`the door admits a good token; showing it ${plan.shots.length} others`)
    const report = makeReport(door.url, await fire(door, plan, good, options), plan.leftOut, lineOf)
    if (junitFile !== undefined) writeJunit(junitFile, junit(report))
    if (json) printJson(report)
    else print(...reportText(report).map(printable))
    const { admitted, unclear } = report.counts
    if (admitted > 0 || unclear > 0 || !report.stillOpen) thisRun().exitWith(EXIT.notGood)
  } finally {
    await close()
  }
}
