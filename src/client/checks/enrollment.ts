// Whether an enrollment works: a challenge, a signature over it, and, if that was asked for, the
// enrollment itself. The token is looked at and dropped.

import { InstanceIdentityError } from '../../base/errors.ts'
import { readIdentityDocument } from '../../codec/identity-document.ts'
import { decodePkcs7 } from '../../codec/pem.ts'
import { readSignedData } from '../../codec/signed-data.ts'
import { keyByThumbprint, openJws } from '../../token/jws.ts'
import { type Answer, describeAnswer, readReach, reasonOf } from '../call.ts'
import { ClientError } from '../client-error.ts'
import { askForChallenge, postEvidence, readChallenge, readToken } from '../protocol.ts'
import { type Check, type Findings, type Outcome, failed, ok, skipped } from './check.ts'
import { metadataFailed } from './metadata.ts'

const AUDIT = 'its operator finds why in the audit event of that request'

const challenge: Check = {
  name: 'challenge',
  needs: ['service'],
  async run(options, findings) {
    const askedAt = readReach(options).timing.elapsed()
    const result = await askForChallenge(options)
    if (!result.ok || result.value.status !== 200) {
      return failed(reasonOf(result), `POST /v1/challenge must be answered; ${AUDIT}`)
    }
    try {
      findings.challenge = readChallenge(options, result.value, askedAt)
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

const REMEDIES: Readonly<Record<number, string>> = {
  401:
    'the evidence was refused: does the service trust who signs here (ROLLCALL_TRUST_ANCHORS is for ' +
    `test clouds only)? ${AUDIT}`,
  403:
    'no role of the policy, a key that the role wants (--dpop-key), a ban, or the first-use rule: ' +
    `\`rollcall policy check FILE --document -\` tries a policy on the document of this instance; ${AUDIT}`,
  503: 'its ledger may be down: its own log says more',
}

/** Whether the token verifies under the published keys, as relying parties would have it. */
const tokenProblem = async (token: string, issuer: string, { keys }: Findings) => {
  if (keys === undefined) return undefined
  const claims = await openJws(token, 'JWT', keyByThumbprint(keys))
  if (!claims.ok) return `the token does not verify under the keys (${claims.refusal})`
  return claims.value['iss'] === issuer ? undefined : 'the token names another issuer'
}

const refusedOutcome = (answer: Answer): Outcome =>
  failed(describeAnswer(answer), REMEDIES[answer.status] ?? AUDIT)

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
    const result = await postEvidence(options, made?.audience ?? '', { document, pkcs7 })
    if (!result.ok) {
      return failed(reasonOf(result), 'try again later; the service may have enrolled it')
    }
    if (result.value.status !== 200) return refusedOutcome(result.value)
    try {
      const enrolled = readToken(options, result.value, askedAt)
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
