// What each refusal means and what to do about it, for the person who has the evidence.

import type { InstanceIdentityErrorCode } from '../../base/errors.ts'

/** What a code means, and what to do next. */
export interface Explanation {
  readonly meaning: string
  readonly remedy: string
}

export const EXPLANATIONS: Readonly<Record<InstanceIdentityErrorCode, Explanation>> = {
  malformed_encoding: {
    meaning: 'the signature is neither base64, nor PEM, nor DER',
    remedy:
      'save the answer of .../instance-identity/pkcs7 as it is; a space in it is a + that was not ' +
      'URL-encoded on its way',
  },
  malformed_der: {
    meaning: 'the signature decodes, but not to one whole PKCS#7 message in strict DER',
    remedy: 'it was cut off or changed: fetch it again; `rollcall inspect` shows where it breaks',
  },
  unsupported_structure: {
    meaning: 'a PKCS#7 message, but not of a shape that ECS sends',
    remedy: 'check that it comes from the metadata service; `rollcall inspect` shows what is in it',
  },
  unsupported_algorithm: {
    meaning: 'the algorithm or the key is not accepted',
    remedy:
      'expected RSA of at least 2048 bits with SHA-1 or SHA-2; `rollcall inspect` shows the algorithm',
  },
  unknown_signer: {
    meaning: 'the certificate that signed is not one of the trust anchors',
    remedy:
      'for an emulator or a test cloud, give its certificate with --trust-anchor FILE. ' +
      'Otherwise get the new certificate of the cloud, from the documentation of the cloud only',
  },
  trust_anchor_not_valid: {
    meaning: 'the certificate that signed is not valid at this time',
    remedy: 'check the clock of this machine; if it is right, the certificate needs to be replaced',
  },
  signed_attributes_invalid: {
    meaning: 'the signed attributes are malformed, or belong to another content',
    remedy: 'fetch document and signature again, both for the same request',
  },
  signature_invalid: {
    meaning: 'the signature does not match this content and trust anchor: it was forged or changed',
    remedy:
      'fetch it again on the instance. A detached signature needs the --audience of its request. ' +
      'An emulator needs the certificate of the same run',
  },
  document_malformed: {
    meaning: 'the signed content is not an identity document of ECS, or a field is out of bounds',
    remedy: 'fetch it again; `rollcall inspect` shows the signed content',
  },
  document_mismatch: {
    meaning: 'DOCUMENT differs from the signed content',
    remedy: 'fetch both from the same instance, and save the document as it is, byte for byte',
  },
  content_missing: {
    meaning: 'the signature does not contain the document, and none was given',
    remedy: 'give DOCUMENT as well',
  },
  audience_mismatch: {
    meaning: 'signed for another audience than --audience, or for none',
    remedy:
      'refuse it, because it may have been made for another service or earlier; ask for ' +
      'a new signature with .../instance-identity/pkcs7?audience=YOURS',
  },
}
