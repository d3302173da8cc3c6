// Whether an enrollment works: a challenge, a signature over it, and, if that was asked for, the
// enrollment itself. The token is looked at and dropped.

import { InstanceIdentityError } from '../../base/errors.ts'
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
} from './check.ts'
import { metadataFailed } from './metadata.ts'

/** What an enrollment would end with. */
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
  async run({ metadata }, findings) {
    const audience = findings.challenge?.audience ?? ''
    try {
      const pkcs7 = await metadata.identitySignature({ audience })
      const { content } = readSignedData(decodePkcs7(pkcs7))
      if (content !== undefined && readIdentityDocument(content).audience !== audience) {
        return failed(
          'what was signed does not carry the challenge',
          'is this the metadata service of ECS, in a version that takes ?audience=?',
        )
      }
      findings.pkcs7 = pkcs7
      return ok('the metadata service signs the challenge')
    } catch (error) {
      if (error instanceof InstanceIdentityError) {
        return failed(
          `what it answers is not a signature (${error.code}: ${error.message})`,
          'save it with `rollcall metadata get`, and look at it with `rollcall inspect`',
        )
      }
      return metadataFailed(error, '`rollcall metadata list dynamic` shows what there is')
    }
  },
}

/** Whether the token verifies under the published keys, as relying parties would have it. */
const tokenProblem = async (token: string, issuer: string, { keys }: Findings) => {
  if (keys === undefined) return undefined
  const claims = await openJws(token, 'JWT', keyByThumbprint(keys))
  if (!claims.ok) return `the token does not verify under the keys (${claims.refusal})`
  return claims.value['iss'] === issuer ? undefined : 'the token names another issuer'
}

const enrollment: Check = {
  name: 'enrollment',
  needs: ['document', 'signature'],
  async run(options, findings) {
    if (!options.enroll) {
      return skipped(
        'not tried: it would count, under "never" as the only one, under "same_key" with its key; ' +
          '--enroll does it',
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
      const { accessToken, role, expiresInSeconds, tokenType } = enrolled
      const problem = await tokenProblem(accessToken, options.issuer, findings)
      if (problem !== undefined) {
        return failed(problem, 'have all instances of the service the same ROLLCALL_SIGNING_KEYS?')
      }
      return ok(`role ${role}, ${tokenType} for ${expiresInSeconds} s; the token was dropped`)
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      return failed(error.detail, error.remedy ?? '')
    }
  },
}

export const ENROLLMENT_CHECKS: readonly Check[] = [challenge, signature, enrollment]
