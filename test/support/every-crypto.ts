// Both implementations of the cryptography. What one says, the other must say too: each of these functions asks
// all of them at the same time and fails if their answers differ, so a suite that uses one tests all.

import { isDeepStrictEqual } from 'node:util'
import { type CryptoPort, type KeyOptions, WEB_CRYPTO } from '../../src/base/crypto.ts'
import { ConfigurationError, InstanceIdentityError } from '../../src/base/errors.ts'
import {
  type InstanceIdentity,
  type SigningKeys,
  parseSigningKeys as parse,
  verifyInstanceIdentity as verify,
} from '../../src/index.ts'
import { NODE_CRYPTO } from '../../src/node/node-crypto.ts'
import {
  type EvidenceInput,
  type VerifyEvidenceOptions,
  verifyEvidence as verifyIt,
} from '../../src/verify/verify-evidence.ts'

/** Each implementation and its name, for `describe.each`. */
export const CRYPTO_PORTS: readonly (readonly [name: string, crypto: CryptoPort])[] = [
  WEB_CRYPTO,
  NODE_CRYPTO,
].map((crypto) => [crypto.name, crypto])

/** What can be compared of an error. */
const comparable = (error: unknown): unknown => {
  if (error instanceof InstanceIdentityError) return [error.code, error.message, error.offset]
  if (error instanceof ConfigurationError) return error.problems
  return String(error)
}

/** Asks every implementation. @returns the first answer. @throws if the answers differ */
const askAll = async <Answer>(
  ask: (crypto: CryptoPort) => Promise<Answer>,
  seen: (answer: Answer) => unknown,
): Promise<Answer> => {
  const outcomes = await Promise.allSettled(CRYPTO_PORTS.map(([, crypto]) => ask(crypto)))
  const facts = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? seen(outcome.value) : comparable(outcome.reason),
  )
  const [first] = outcomes
  if (!facts.every((fact) => isDeepStrictEqual(fact, facts[0])) || first === undefined) {
    throw new Error(`the implementations differ: ${JSON.stringify(facts)}`)
  }
  if (first.status === 'rejected') throw first.reason
  return first.value
}

/** `verifyInstanceIdentity()` by every implementation. */
export const verifyInstanceIdentity: typeof verify = (evidence, options) =>
  askAll<InstanceIdentity>(
    (crypto) =>
      verify(
        evidence,
        typeof options === 'object' && options !== null ? { crypto, ...options } : options,
      ),
    (identity) => ({ ...identity }),
  )

/** `verifyEvidence()` by every implementation. */
export const verifyEvidence = (
  evidence: EvidenceInput,
  options: Omit<VerifyEvidenceOptions, 'crypto'>,
): Promise<InstanceIdentity> =>
  askAll(
    (crypto) => verifyIt(evidence, { ...options, crypto }),
    (identity) => ({ ...identity }),
  )

/** `parseSigningKeys()` by every implementation. @returns the keys of WebCrypto */
export const parseSigningKeys = (
  json: unknown,
  options: Omit<KeyOptions, 'crypto'> = {},
): Promise<SigningKeys> =>
  askAll(
    (crypto) => parse(json, { ...options, crypto }),
    ({ jwks, algorithms, secrets }) => ({ jwks, algorithms, secrets }),
  )
