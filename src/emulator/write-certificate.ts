// Writes the emulator's certificate (RFC 5280 section 4.1): self-signed, in the shape of the real one of ECS,
// plus the extension that marks it as a certificate of the emulator. Certificate libraries cannot
// encode that extension's identifier, an integer of 128 bits, so the certificate is written element
// by element.

import { type Bytes, utf8 } from '../base/bytes.ts'
import { EMULATOR_EXTENSION } from '../codec/certificate.ts'
import { TAG, derReader, expectEnd, readInside, readOctetAlignedBits } from '../codec/der.ts'
import {
  algorithmIdentifier,
  bitString,
  element,
  objectIdentifier,
  sequence,
  smallInteger,
  time,
} from './der-writer.ts'

const OID = {
  sha256WithRsaEncryption: '1.2.840.113549.1.1.11',
  subjectKeyIdentifier: '2.5.29.14',
} as const

/** C, ST, L, O, OU, CN. */
const NAME_PARTS = ['2.5.4.6', '2.5.4.8', '2.5.4.7', '2.5.4.10', '2.5.4.11', '2.5.4.3']
const V3 = 2
const TRUE = 0xff

/** The name of the real certificate, down to its country of seven letters. */
const name = (): Bytes =>
  sequence(
    ...NAME_PARTS.map((part) => {
      const value = element(TAG.printableString, utf8('Unknown'))
      return element(TAG.set, sequence(objectIdentifier(part), value))
    }),
  )

/** The SHA-1 hash of the key's bits (RFC 5280 section 4.2.1.2), as an extension. */
const keyIdentifier = async (subjectPublicKeyInfo: Bytes): Promise<Bytes> => {
  const inside = readInside(derReader(subjectPublicKeyInfo), TAG.sequence)
  readInside(inside, TAG.sequence)
  const bits = Uint8Array.from(readOctetAlignedBits(inside))
  expectEnd(inside)
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-1', bits))
  const value = element(TAG.octetString, element(TAG.octetString, hash))
  return sequence(objectIdentifier(OID.subjectKeyIdentifier), value)
}

const emulatorMark = (): Bytes =>
  sequence(
    objectIdentifier(EMULATOR_EXTENSION),
    element(TAG.boolean, Uint8Array.of(TRUE)),
    element(TAG.octetString, element(TAG.null)),
  )

/** The values of one certificate. */
export interface CertificateFields {
  /** Big endian, positive, in shortest form. */
  readonly serialNumber: Bytes
  /** Unix seconds, the first valid second. */
  readonly notBefore: number
  /** Unix seconds, the last valid second. */
  readonly notAfter: number
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Bytes
}

/**
 * Writes a certificate.
 * @param sign signs with RSASSA-PKCS1-v1_5 and SHA-256, with the private half of `publicKey`
 * @returns DER
 */
export const writeCertificate = async (
  { serialNumber, notBefore, notAfter, publicKey }: CertificateFields,
  sign: (bytes: Bytes) => Promise<Bytes>,
): Promise<Bytes> => {
  const algorithm = algorithmIdentifier(OID.sha256WithRsaEncryption)
  const extensions = sequence(await keyIdentifier(publicKey), emulatorMark())
  const tbs = sequence(
    element(TAG.context0, smallInteger(V3)),
    element(TAG.integer, serialNumber),
    algorithm,
    name(),
    sequence(time(notBefore), time(notAfter)),
    name(),
    publicKey,
    element(TAG.context3, extensions),
  )
  return sequence(tbs, algorithm, bitString(await sign(tbs)))
}
