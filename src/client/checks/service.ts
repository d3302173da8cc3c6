// Checks whether the service answers: the clocks, its ledger, and what relying parties need.

import { printable } from '../../base/text.ts'
import { type PublicKey, holdsSecret, loadPublicKey } from '../../token/public-key.ts'
import { parseKeySet } from '../../token/signing-keys.ts'
import { type Failure, type Reading, describeFailure, readingOf } from '../answer.ts'
import { callService, parseJson, readReach } from '../call.ts'
import { FOREIGN_REMEDY } from '../refusal.ts'
import {
  type Check,
  type CheckOptions,
  type Findings,
  failed,
  ok,
  skipped,
  wordsOf,
} from './check.ts'

/** Most relying parties refuse a token that was issued this far in the future. */
const CLOCK_TOLERANCE_SECONDS = 30

/** Asks for a JSON document. */
const ask = async (options: CheckOptions, path: string): Promise<Reading> =>
  readingOf(await callService({ url: options.issuer + path }, options), 'application/json')

const askHealth = async (options: CheckOptions, findings: Findings): Promise<Reading> => {
  if (findings.health === undefined) {
    const { timing } = readReach(options)
    const startedAt = timing.now()
    findings.health = await ask(options, '/healthz')
    findings.healthAt = (startedAt + timing.now()) / 2
  }
  return findings.health
}

const ASK_OPERATOR = 'ask the operator of the service, or of the proxy in front of it'

/**
 * The clock to compare with this machine's: the service's, or the metadata service's if the service
 * did not answer.
 */
const otherClock = (health: Reading, { healthAt = 0, metadataTime }: Findings) => {
  const told = health.kind === 'none' ? null : health.answer.headers.get('Date')
  const date = Date.parse(told ?? '') / 1000
  if (!Number.isNaN(date)) return { whose: "the service's", date, at: healthAt }
  return metadataTime === undefined
    ? undefined
    : { whose: "the metadata service's", ...metadataTime }
}

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [365 * 86_400, 'years'],
  [86_400, 'days'],
  [3600, 'hours'],
]

/** A duration for people: `7 s`, `3 hours`, `55 years`. */
const duration = (seconds: number): string => {
  const [size, name] = UNITS.find(([unit]) => seconds >= 2 * unit) ?? [1, 's']
  return `${Math.round(seconds / size)} ${name}`
}

const clock: Check = {
  name: 'clock',
  needs: [],
  async run(options, findings) {
    const other = otherClock(await askHealth(options, findings), findings)
    if (other === undefined) return skipped('not tried: no answer had a date to compare with')
    const { whose, date, at } = other
    // The header has whole seconds.
    const off = Math.round(at - date - 0.5)
    if (off === 0) return ok(`this machine's and ${whose} agree`)
    const distance = `${duration(Math.abs(off))} ${off > 0 ? 'ahead of' : 'behind'} ${whose}`
    if (Math.abs(off) <= CLOCK_TOLERANCE_SECONDS) return ok(`this machine's is ${distance}`)
    return failed(
      `this machine's is ${distance}`,
      `set this machine's clock by NTP (${wordsOf(options).listTimeServers}); ` +
        'if it is right, correct the other clock',
    )
  },
}

const service: Check = {
  name: 'service',
  needs: [],
  async run(options, findings) {
    const { issuer } = options
    const health = await askHealth(options, findings)
    if (health.kind === 'expected') return ok(`${issuer} answers`)
    if (health.kind === 'none') return failed(`${issuer}: ${health.detail}`, health.remedy)
    if (health.kind === 'foreign') return failed(describeFailure(health, issuer), FOREIGN_REMEDY)
    return failed(`/healthz: ${describeFailure(health)}`, ASK_OPERATOR)
  },
}

/**
 * Whether an answer is `{"status":"unavailable"}` of the service, which is not a problem document.
 */
const isUnready = (failure: Failure): boolean => {
  if (failure.kind !== 'foreign' || failure.answer.status !== 503) return false
  const body = parseJson(failure.answer.text) as { readonly status?: unknown } | null | undefined
  return body?.status === 'unavailable'
}

/** While it fails nobody can enroll, although keys are published and `/healthz` answers. */
const ledger: Check = {
  name: 'ledger',
  needs: ['service'],
  async run(options) {
    const reading = await ask(options, '/readyz')
    if (reading.kind === 'expected') return ok('the ledger answers')
    if (reading.kind === 'problem' && reading.problem.code === 'not_found') {
      return skipped('not tried: this service is older and has no /readyz')
    }
    if (!isUnready(reading)) return failed(`/readyz: ${describeFailure(reading)}`, ASK_OPERATOR)
    return failed(
      'the ledger does not answer, so nobody can enroll',
      'the operator finds the cause in the log of the service, and checks the store of ROLLCALL_LEDGER',
    )
  },
}

/** The members of a discovery document that relying parties need. */
const readDiscovery = (text: string): Record<'issuer' | 'jwksUri', string> | undefined => {
  const body = parseJson(text) as Readonly<Record<string, unknown>> | null | undefined
  const { issuer, jwks_uri: jwksUri } = body ?? {}
  const algorithms = body?.['id_token_signing_alg_values_supported']
  const isList = Array.isArray(algorithms) && algorithms.length > 0
  if (typeof issuer !== 'string' || typeof jwksUri !== 'string' || !isList) return undefined
  return { issuer, jwksUri }
}

const discovery: Check = {
  name: 'discovery',
  needs: ['service'],
  async run(options) {
    const { issuer } = options
    const reading = await ask(options, '/.well-known/openid-configuration')
    if (reading.kind !== 'expected') return failed(describeFailure(reading), ASK_OPERATOR)
    const document = readDiscovery(reading.answer.text)
    if (document === undefined) return failed('it is not a discovery document', ASK_OPERATOR)
    const { issuer: named, jwksUri } = document
    if (named !== issuer) {
      return failed(
        `it names ${printable(named)}, not ${issuer}`,
        'use exactly the address in ROLLCALL_ISSUER of the service',
      )
    }
    if (jwksUri !== `${issuer}/.well-known/jwks.json`) {
      return failed(`it names keys at another address, ${printable(jwksUri)}`, ASK_OPERATOR)
    }
    return ok(`it names ${issuer}`)
  },
}

const readKeys = async (text: string): Promise<readonly PublicKey[] | string> => {
  const keys: PublicKey[] = []
  const set = parseKeySet(text)
  if (!set.ok) return 'it is not a JWKS with at least one key'
  for (const [at, member] of set.value.entries()) {
    if (typeof member === 'object' && member !== null && holdsSecret(member)) {
      return `keys.${at} is a private key, and it is published`
    }
    const key = await loadPublicKey(member)
    if (!key.ok) return `keys.${at}: ${key.refusal}`
    keys.push(key.value)
  }
  return keys
}

const jwks: Check = {
  name: 'keys',
  needs: ['service'],
  async run(options, findings) {
    const reading = await ask(options, '/.well-known/jwks.json')
    if (reading.kind !== 'expected') return failed(describeFailure(reading), ASK_OPERATOR)
    const keys = await readKeys(reading.answer.text)
    if (typeof keys === 'string') return failed(keys, ASK_OPERATOR)
    findings.keys = keys
    const algorithms = keys.map(({ algorithm }) => algorithm.alg).join(', ')
    return ok(`${keys.length} published (${algorithms})`)
  },
}

export const SERVICE_CHECKS: readonly Check[] = [clock, service, ledger, discovery, jwks]
