// The doctor at the service: the clocks, is it there, does it publish what relying parties need.

import * as v from 'valibot'
import { type PublicKey, holdsSecret, loadPublicKey } from '../../token/public-key.ts'
import { parseKeySet } from '../../token/signing-keys.ts'
import { parseJson } from '../no-answer.ts'
import { printable } from '../output.ts'
import { callService, reasonOf } from '../service-call.ts'
import { type Check, type DoctorOptions, type Findings, failed, ok, skipped } from './check.ts'

/** A token that was made this long after now is refused by most relying parties. */
const CLOCK_TOLERANCE_SECONDS = 30

const askHealth = async ({ issuer }: DoctorOptions, findings: Findings) => {
  if (findings.health === undefined) {
    const startedMs = Date.now()
    findings.health = await callService(`${issuer}/healthz`)
    findings.healthAtMs = (startedMs + Date.now()) / 2
  }
  return findings.health
}

const clock: Check = {
  name: 'clock',
  needs: [],
  async run(options, findings) {
    const health = await askHealth(options, findings)
    const date = 'why' in health ? Number.NaN : Date.parse(health.headers.get('Date') ?? '')
    if (Number.isNaN(date)) return skipped('not tried: the service gave no date to compare with')
    // The header is cut to the second.
    const off = Math.round(((findings.healthAtMs ?? 0) - date - 500) / 1000)
    if (off === 0) return ok("this machine's and the service's agree")
    const distance = `${Math.abs(off)} s ${off > 0 ? 'ahead of' : 'behind'} the service's`
    if (Math.abs(off) <= CLOCK_TOLERANCE_SECONDS) return ok(`this machine's is ${distance}`)
    return failed(
      `this machine's is ${distance}`,
      'set it by NTP (`rollcall metadata get ntp-conf/ntp-servers` names servers), or, if it is right, ' +
        "the service's",
    )
  },
}

const service: Check = {
  name: 'service',
  needs: [],
  async run(options, findings) {
    const { issuer } = options
    const health = await askHealth(options, findings)
    if ('why' in health) {
      return failed(
        `${issuer}: ${health.why}`,
        'is it running, and may this machine reach it (name, route, security group, firewall)?',
      )
    }
    if (health.status === 200) return ok(`${issuer} answers`)
    return failed(
      `${issuer}/healthz: ${reasonOf(health)}`,
      'is that rollcall, and is anything before it? Its own log says more',
    )
  },
}

const ASK_OPERATOR = 'whoever runs the service, or what stands before it, has to mend that'

/** Nobody can enroll while it fails, though keys are published and `/healthz` answers. */
const ledger: Check = {
  name: 'ledger',
  needs: ['service'],
  async run({ issuer }) {
    const answer = await callService(`${issuer}/readyz`)
    if ('why' in answer) return failed(reasonOf(answer), ASK_OPERATOR)
    if (answer.status === 404) return skipped('not tried: this service has no /readyz, it is older')
    if (answer.status === 200) return ok('the ledger answers')
    if (answer.status !== 503) return failed(`/readyz: ${reasonOf(answer)}`, ASK_OPERATOR)
    return failed(
      'the ledger does not answer, so nobody can enroll',
      'whoever runs the service finds the cause in its log; then look at the store of ROLLCALL_LEDGER',
    )
  },
}

const DiscoveryBody = v.object({
  issuer: v.string(),
  jwks_uri: v.string(),
  id_token_signing_alg_values_supported: v.pipe(v.array(v.string()), v.minLength(1)),
})

const discovery: Check = {
  name: 'discovery',
  needs: ['service'],
  async run({ issuer }) {
    const answer = await callService(`${issuer}/.well-known/openid-configuration`)
    if ('why' in answer || answer.status !== 200) return failed(reasonOf(answer), ASK_OPERATOR)
    const body = v.safeParse(DiscoveryBody, parseJson(answer.text))
    if (!body.success) return failed('it is not a discovery document', ASK_OPERATOR)
    const { issuer: named, jwks_uri: jwksUri } = body.output
    if (named !== issuer) {
      return failed(
        `it is of ${printable(named)}, not of ${issuer}`,
        'use the address that ROLLCALL_ISSUER of the service has, to the letter',
      )
    }
    if (jwksUri !== `${issuer}/.well-known/jwks.json`) {
      return failed(`it leads to other keys, ${printable(jwksUri)}`, ASK_OPERATOR)
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
      return `keys.${at} is private, and everybody can read it`
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
  async run({ issuer }, findings) {
    const answer = await callService(`${issuer}/.well-known/jwks.json`)
    if ('why' in answer || answer.status !== 200) return failed(reasonOf(answer), ASK_OPERATOR)
    const keys = await readKeys(answer.text)
    if (typeof keys === 'string') return failed(keys, ASK_OPERATOR)
    findings.keys = keys
    const algorithms = keys.map(({ algorithm }) => algorithm.alg).join(', ')
    return ok(`${keys.length} published (${algorithms})`)
  },
}

export const SERVICE_CHECKS: readonly Check[] = [clock, service, ledger, discovery, jwks]
