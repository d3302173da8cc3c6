// What the prober shows: tokens of a test issuer of its own, or the tokens that the user has.

import { usageError } from '../command-error.ts'
import { requiredOption } from '../required-option.ts'
import { say } from '../say.ts'
import { checkServiceAddress } from '../service-address.ts'
import { CHECK_DEMANDS } from './advice.ts'
import { readBadTokens, readGoodToken } from './given-tokens.ts'
import { fetchIssuerKeys, verifyMaker } from './issuer-keys.ts'
import type { ProbeOptions } from './probe.ts'
import { refusingLine } from './refusing-line.ts'
import type { RefusingLine } from './report.ts'
import { type Plan, planOfTestIssuer, planWithoutKey } from './shots.ts'
import { startTestIssuer } from './test-issuer.ts'

/** All that is needed to fire. */
export interface Prepared {
  readonly good: () => string
  readonly plan: Plan
  readonly lineOf: RefusingLine
  /** Says what to do if the door looked at a good token, and did not admit it. */
  readonly advice: () => string
  /** How long a good token may be refused at the start, in seconds, unless the user says. */
  readonly wait: number
  readonly close: () => Promise<void>
}

const FILE_OPTIONS = {
  token: '--token',
  expiredToken: '--expired-token',
  boundToken: '--bound-token',
  otherAudienceToken: '--other-audience-token',
} as const

/** A test issuer makes all tokens itself: one that the user gives would not be shown. */
const refuseFiles = (options: ProbeOptions): void => {
  for (const [name, option] of Object.entries(FILE_OPTIONS)) {
    if (options[name as keyof typeof FILE_OPTIONS] !== undefined) {
      throw usageError(`${option}: the test issuer makes its own tokens; leave it out`)
    }
  }
}

/** Doors start after the test issuer, since some need it to start. */
const START_SECONDS = 30

/** Starts a test issuer. @throws CommandError if its port is taken, or the user gave tokens, too */
export const prepareTestIssuer = async (
  options: ProbeOptions,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Prepared> => {
  const { audience = '', role = 'worker', account, region, algorithm, testIssuerUrl } = options
  refuseFiles(options)
  const name = testIssuerUrl && checkServiceAddress(testIssuerUrl, '--test-issuer-url')
  const about = { audience, role, account, region, algorithm }
  const issuer = await startTestIssuer({ host, port, issuer: name, ...about }).catch(
    (error: NodeJS.ErrnoException) => {
      throw usageError(
        `--test-issuer: cannot listen on ${host}:${port} (${error.code ?? 'failed'})`,
      )
    },
  )
  let lineOf: RefusingLine
  try {
    lineOf = refusingLine({ ...options, issuer: issuer.issuer, role })
  } catch (error) {
    await issuer.close()
    throw error
  }
  say(`the test issuer is ${issuer.issuer}; let a test of the door trust it, never production`)
  return {
    good: () => issuer.good(),
    plan: planOfTestIssuer(() => issuer.good(), issuer.privateKey),
    lineOf,
    advice: () =>
      issuer.fetches() === 0
        ? `nobody fetched the keys of the test issuer: does the door trust ${issuer.issuer}? Else ${CHECK_DEMANDS}`
        : CHECK_DEMANDS,
    wait: START_SECONDS,
    close: () => issuer.close(),
  }
}

/** Reads the tokens of the user, and the key of their issuer. @throws CommandError */
export const prepareGivenTokens = async (options: ProbeOptions): Promise<Prepared> => {
  if (options.testIssuerUrl !== undefined) {
    throw usageError('--test-issuer-url: there is no test issuer; give --test-issuer PORT')
  }
  const { audience = '', issuer: named } = options
  const file = requiredOption(options.token, '--token', 'give a good token, or --test-issuer PORT')
  const { token, claims } = await readGoodToken(file, audience)
  const issuer = checkServiceAddress(named ?? String(claims['iss']), '--issuer')
  const keys = await fetchIssuerKeys(issuer)
  const publicKey = await verifyMaker(token, '--token', keys)
  const given = await readBadTokens(options, audience, { claims, keys })
  const role = options.role ?? String(claims['role'])
  return {
    good: () => token,
    plan: planWithoutKey(token, publicKey, given),
    lineOf: refusingLine({ ...options, issuer, role }),
    advice: () => CHECK_DEMANDS,
    wait: 0,
    close: () => Promise.resolve(),
  }
}
