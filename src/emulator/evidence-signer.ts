// Makes the answers at `pkcs7`, with the configured faults.

import { toBase64, utf8 } from '../base/bytes.ts'
import type { Faults } from './faults.ts'
import { signMessage } from './sign-message.ts'
import { createSigningIdentity, randomSerialNumber } from './signing-identity.ts'

/** A signer of evidence, and its certificate. */
export interface EvidenceSigner {
  readonly certificatePem: string
  /**
   * Signs a document.
   * @param audience inserted before the last brace of the document; `null` or empty for none
   * @returns base64 of DER PKCS#7, without PEM lines
   */
  readonly sign: (document: string, audience: string | null) => Promise<string>
}

/** Gives an RSA key pair of 2048 bits, extractable; each time another one. */
export type NewKeyPair = () => Promise<CryptoKeyPair>

/**
 * Makes a signer with a key of its own.
 * @param clock gives Unix seconds
 */
export const createEvidenceSigner = async (
  { flags }: Faults,
  clock: () => number,
  newKeyPair: NewKeyPair,
): Promise<EvidenceSigner> => {
  const serialNumber = randomSerialNumber()
  const newIdentity = async () => createSigningIdentity(await newKeyPair(), serialNumber, clock())
  const trusted = await newIdentity()
  // With the same name and serial number, so that only the signature shows the other key.
  const signing = flags.has('wrong-key') ? await newIdentity() : trusted

  const contentOf = (document: string, audience: string | null): string => {
    if (audience === null || audience === '') return document
    // The documentation does not say whether the cloud escapes the audience. Without escaping,
    // callers can add any field.
    const value = flags.has('unescaped-audience') ? `"${audience}"` : JSON.stringify(audience)
    return `${document.slice(0, -1)},"audience":${value}}`
  }

  return {
    certificatePem: trusted.certificatePem,
    async sign(document, audience) {
      const message = await signMessage(utf8(contentOf(document, audience)), signing, {
        hash: flags.has('sha256') ? 'SHA-256' : 'SHA-1',
        detached: flags.has('detached'),
        certificate: flags.has('certificate'),
        signingTime: flags.has('signed-attributes') ? clock() : undefined,
      })
      const base64 = toBase64(message)
      return flags.has('wrapped') ? base64.replaceAll(/.{76}(?=.)/g, '$&\n') : base64
    },
  }
}
