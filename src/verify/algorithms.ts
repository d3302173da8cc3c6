// Every algorithm that evidence may be signed with, in one table: code elsewhere takes an entry,
// never a name. Adding an algorithm means adding a row here. No I/O.

import type { HashName } from '../base/crypto.ts'
import { oid } from '../codec/der.ts'
import type { SignedData } from '../codec/signed-data.ts'
import { InstanceIdentityError } from '../base/errors.ts'

/** One hash that a signature (RSASSA-PKCS1-v1_5, RFC 8017 section 8.2) may be made with. */
export interface SignatureAlgorithm {
  readonly hash: HashName
  /** The digest algorithm, in the form of `readOid`. */
  readonly digestOid: string
  /** `shaNWithRSAEncryption` (RFC 8017 appendix A.2.4), in the form of `readOid`. */
  readonly signatureOid: string
}

/** The plain key type, which CMS allows in place of `shaNWithRSAEncryption` (RFC 3370 section 3.2). */
const RSA_ENCRYPTION = /* @__PURE__ */ oid('1.2.840.113549.1.1.1')

const ALGORITHMS: readonly SignatureAlgorithm[] = [
  {
    hash: 'SHA-1',
    digestOid: /* @__PURE__ */ oid('1.3.14.3.2.26'),
    signatureOid: /* @__PURE__ */ oid('1.2.840.113549.1.1.5'),
  },
  {
    hash: 'SHA-256',
    digestOid: /* @__PURE__ */ oid('2.16.840.1.101.3.4.2.1'),
    signatureOid: /* @__PURE__ */ oid('1.2.840.113549.1.1.11'),
  },
  {
    hash: 'SHA-384',
    digestOid: /* @__PURE__ */ oid('2.16.840.1.101.3.4.2.2'),
    signatureOid: /* @__PURE__ */ oid('1.2.840.113549.1.1.12'),
  },
  {
    hash: 'SHA-512',
    digestOid: /* @__PURE__ */ oid('2.16.840.1.101.3.4.2.3'),
    signatureOid: /* @__PURE__ */ oid('1.2.840.113549.1.1.13'),
  },
]

const unsupported = (message: string): InstanceIdentityError =>
  new InstanceIdentityError('unsupported_algorithm', message)

/**
 * Finds the algorithm that all places of a message agree on.
 * @throws InstanceIdentityError `unsupported_algorithm`: one that isn't in the table, places that
 *   differ, or SHA-1 where it is switched off
 */
export const chooseAlgorithm = (
  { digestAlgorithm, signer }: SignedData,
  allowSha1: boolean,
): SignatureAlgorithm => {
  const algorithm = ALGORITHMS.find(({ digestOid }) => digestOid === signer.digestAlgorithm)
  if (algorithm === undefined) throw unsupported('a digest algorithm that is not supported')
  if (digestAlgorithm !== signer.digestAlgorithm) {
    throw unsupported('digest algorithms that differ within the message')
  }
  const { signatureAlgorithm } = signer
  if (signatureAlgorithm !== RSA_ENCRYPTION && signatureAlgorithm !== algorithm.signatureOid) {
    throw unsupported('a signature algorithm that is not RSA with the same digest')
  }
  if (algorithm.hash === 'SHA-1' && !allowSha1) throw unsupported('SHA-1 is switched off')
  return algorithm
}
