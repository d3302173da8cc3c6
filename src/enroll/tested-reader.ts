// Reads evidence, and tries once what that needs of the platform: cryptography that verifies what the cloud signs,
// and a key that signs. Neither is tried for malformed evidence, so such posts stay cheap. A verdict is kept.

import { isPromise, lazilyJudged } from '../base/lazily.ts'
import type { Result } from '../base/result.ts'
import type { SigningKeys } from '../token/signing-keys.ts'
import type { InstanceIdentity } from '../verify/instance-identity.ts'
import { checkKnownSignatures } from '../verify/known-signatures.ts'
import type { EnrollmentRequest, Refusal } from './enrollment.ts'
import { type VerifierOptions, readEvidence } from './read-evidence.ts'

/** Reads evidence on a platform that is tried. */
export interface TestedReader {
  /**
   * Tries the platform's cryptography and the signing key, unless both were usable before.
   * @throws ConfigurationError if one cannot be used. A verdict is kept; a failure without one is tried again
   */
  test(): Promise<void>
  /**
   * Verifies evidence. Once its signature was tried, the platform's cryptography is tried too; once it is accepted,
   * the signing key is.
   * @param now Unix seconds
   * @throws ConfigurationError as `test` does
   */
  read(request: EnrollmentRequest, now: number): Promise<Result<InstanceIdentity, Refusal>>
}

/** Refusals that a platform can cause, if it does not verify what the cloud signs. */
const MAY_BE_THE_PLATFORM: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'signature_invalid',
  'unsupported_algorithm',
])

/** Creates the reader of an enroller; it tries nothing yet. */
export const createTestedReader = (
  { signer }: SigningKeys,
  verifier: VerifierOptions,
): TestedReader => {
  const { crypto, allowSha1 } = verifier
  const testCryptography = lazilyJudged(async () => checkKnownSignatures(crypto, allowSha1))
  return {
    async test() {
      await testCryptography()
      await signer.load()
    },
    async read(request, now) {
      let evidence
      try {
        evidence = await readEvidence(request, verifier, now)
      } catch (error) {
        // Some platforms throw where a signature has a hash that they refuse.
        await testCryptography()
        throw error
      }
      if (!evidence.ok && !MAY_BE_THE_PLATFORM.has(evidence.refusal.reason)) return evidence
      const tested = testCryptography()
      if (isPromise(tested)) await tested
      if (!evidence.ok) return evidence
      const loaded = signer.load()
      if (isPromise(loaded)) await loaded
      return evidence
    },
  }
}
