// Checks whether an enrollment works: a challenge, a signature over it, and on request the
// enrollment itself. The token is verified and discarded.

import { InstanceIdentityError } from '../../base/errors.ts'
import { printable } from '../../base/text.ts'
import { readIdentityDocument } from '../../codec/identity-document.ts'
import { decodePkcs7 } from '../../codec/pem.ts'
import { readSignedData } from '../../codec/signed-data.ts'
import { keyByThumbprint, openJws } from '../../token/jws.ts'
import { type Failure, describeFailure } from '../answer.ts'
import { readReach } from '../call.ts'
import { ClientError } from '../client-error.ts'
import { askForChallenge, postEvidence, readChallenge, readToken } from '../protocol.ts'
import { enrollmentError } from '../refusal.ts'
import {
  type Check,
  type CheckOptions,
  type Findings,
  type Outcome,
  failed,
  ok,
  skipped,
  wordsOf,
} from './check.ts'
import { metadataFailed } from './metadata.ts'

/** The error of an enrollment, as the result of a check. */
const failedCall = ({ issuer }: CheckOptions, failure: Failure): Outcome => {
  const { detail, remedy } = enrollmentError(issuer, failure)
  return failed(detail, remedy ?? 'try again later')
}

const challenge: Check = {
  name: 'challenge',
  needs: ['service'],
  async run(options, findings) {
    const askedAt = readReach(options).timing.elapsed()
    const reading = await askForChallenge(options)
    if (reading.kind !== 'expected') return failedCall(options, reading)
    try {
      findings.challenge = readChallenge(options, reading.answer, askedAt)
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      const { code, detail, remedy = '' } = error
      const isForeign = code === 'challenge_foreign'
      return failed(detail, isForeign ? `do not enroll there; ${remedy}` : remedy)
    }
    const lasts = Math.round(findings.challenge.deadline - askedAt)
    return ok(
      `it names ${options.issuer}${options.role ? `, role ${options.role}` : ''}; ${lasts} s`,
    )
  },
}

const signature: Check = {
  name: 'signature',
  needs: ['metadata service', 'challenge'],
  async run(options, findings) {
    const { metadata } = options
    const audience = findings.challenge?.audience ?? ''
    try {
      const pkcs7 = await metadata.identitySignature({ audience })
      const { content } = readSignedData(decodePkcs7(pkcs7))
      if (content !== undefined && readIdentityDocument(content).audience !== audience) {
        return failed(
          'the signed content does not carry the challenge',
          'check that this is the metadata service of ECS, in a version that takes ?audience=',
        )
      }
      findings.pkcs7 = pkcs7
      return ok('the metadata service signs the challenge')
    } catch (error) {
      if (error instanceof InstanceIdentityError) {
        return failed(
          `what it answers is not a signature (${error.code}: ${error.message})`,
          wordsOf(options).inspectSignature,
        )
      }
      return metadataFailed(error, wordsOf(options).listItems)
    }
  },
}

/** Whether the token verifies under the published keys, as at a relying party. */
const tokenProblem = async (token: string, issuer: string, { keys }: Findings) => {
  if (keys === undefined) return undefined
  const claims = await openJws(token, 'JWT', keyByThumbprint(keys))
  if (!claims.ok) return `the token does not verify under the keys (${claims.refusal})`
  return claims.value['iss'] === issuer ? undefined : 'the token names another issuer'
}

/**
 * Whether the policy admits this instance, without an enrollment: it asks for a token for an audience that no role
 * can have. The service applies the policy before it reads its ledger, and checks the audience
 * last. So a refusal of the audience means that the policy admits the instance. Only an audit event
 * is recorded; the challenge stays unspent.
 */
const role: Check = {
  name: 'role',
  needs: ['document', 'key', 'signature'],
  async run(options, findings) {
    const { document = '', pkcs7 = '', challenge: made } = findings
    const trial = { ...options, resource: `urn:rollcall:trial:${crypto.randomUUID()}` }
    const reading = await postEvidence(trial, made?.audience ?? '', { document, pkcs7 })
    if (reading.kind === 'problem' && reading.problem.reason === 'resource_not_allowed') {
      const which = options.role === undefined ? 'a role' : `role ${options.role}`
      return ok(`${which} admits this instance, by the policy; nothing was enrolled`)
    }
    if (reading.kind === 'problem' && reading.problem.reason === 'key_required') {
      return failed(enrollmentError(options.issuer, reading).detail, wordsOf(options).giveKey)
    }
    if (reading.kind !== 'expected') return failedCall(options, reading)
    return failed(
      'the service gave a token for an audience that was invented for this check',
      'do not use this service: it does not apply its policy',
    )
  },
}

const enrollment: Check = {
  name: 'enrollment',
  needs: ['role'],
  async run(options, findings) {
    if (!options.enroll) {
      const { resource } = options
      const more = resource === undefined ? '' : `, and whether the role has ${printable(resource)}`
      return skipped(
        'not tried: it would count as an enrollment of this instance. ' +
          `Only a real enrollment shows a ban, an earlier enrollment or another key${more}; ${wordsOf(options).enroll}`,
      )
    }
    const { document = '', pkcs7 = '', challenge: made } = findings
    const askedAt = readReach(options).timing.elapsed()
    const reading = await postEvidence(options, made?.audience ?? '', { document, pkcs7 })
    if (reading.kind === 'none') {
      return failed(
        describeFailure(reading),
        'try again later; the service may have enrolled this instance',
      )
    }
    if (reading.kind !== 'expected') return failedCall(options, reading)
    try {
      const enrolled = readToken(options, reading.answer, askedAt)
      const { accessToken, expiresInSeconds, tokenType, renewable } = enrolled
      const problem = await tokenProblem(accessToken, options.issuer, findings)
      if (problem !== undefined) {
        return failed(problem, 'give all instances of the service the same ROLLCALL_SIGNING_KEYS')
      }
      const last = renewable === false ? ', which cannot be renewed' : ''
      return ok(
        `role ${enrolled.role}, ${tokenType} for ${expiresInSeconds} s${last}; the token was discarded`,
      )
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      return failed(error.detail, error.remedy ?? '')
    }
  },
}

export const ENROLLMENT_CHECKS: readonly Check[] = [challenge, signature, role, enrollment]
