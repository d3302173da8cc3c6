// What each way of being refused means, and what to do about it, for whoever has the evidence in hand.

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
    remedy: 'was it made by the metadata service at all? `rollcall inspect` shows what is in it',
  },
  unsupported_algorithm: {
    meaning: 'signed, or to be verified, with an algorithm or key that is not accepted',
    remedy:
      'accepted is RSA of 2048 bits or more, with SHA-1 or SHA-2; `rollcall inspect` shows it',
  },
  unknown_signer: {
    meaning: 'signed by a certificate that is none of the trust anchors',
    remedy:
      'evidence of an emulator or a test cloud needs its certificate: --trust-anchor FILE; if it is ' +
      'real, the cloud has a new certificate: get it from its documentation, nowhere else',
  },
  trust_anchor_not_valid: {
    meaning: 'the certificate that it is signed by is not valid at this time',
    remedy: 'set the clock of this machine right; if it is, the certificate has to be replaced',
  },
  signed_attributes_invalid: {
    meaning: 'the signed attributes are malformed, or are not of this content',
    remedy: 'fetch document and signature again; do not mix those of two requests',
  },
  signature_invalid: {
    meaning: 'the signature is not one of the trust anchor over this content: forged, or changed',
    remedy:
      'fetch it again on the instance; with a detached signature, --audience must be what it was ' +
      'asked for with; evidence of an emulator needs the certificate of that very start',
  },
  document_malformed: {
    meaning: 'what was signed is not an identity document of ECS, or has fields out of bounds',
    remedy: 'fetch it again; `rollcall inspect` shows the signed content',
  },
  document_mismatch: {
    meaning: 'DOCUMENT is not what was signed',
    remedy: 'fetch both from the same instance, and save the document as it is, byte for byte',
  },
  content_missing: {
    meaning: 'the signature does not carry the document, and none was given',
    remedy: 'give the document beside it',
  },
  audience_mismatch: {
    meaning: 'signed for another audience than --audience, or for none',
    remedy:
      'somebody may show you evidence that was made for others, or made earlier: refuse it; ask for ' +
      'a new signature with .../instance-identity/pkcs7?audience=YOURS',
  },
}
