// What verification gives back: the fields that the cloud signed, and what vouches for them.

import type { IdentityDocument } from '../codec/identity-document.ts'

/**
 * A verified instance. Every field is read from bytes whose signature verified under a trust
 * anchor; nothing here comes from anything that was merely posted.
 */
export interface InstanceIdentity extends IdentityDocument {
  /** SHA-256 fingerprint of the certificate of the trust anchor that signed, lower-case hex. */
  readonly trustAnchor: string
  /** SHA-256 of the signed content, lower-case hex: equal for the same evidence in any encoding. */
  readonly digest: string
}
