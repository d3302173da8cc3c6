// The signing key of the emulated cloud and its certificate, made at start and used only there.

import { type Bytes, toBase64, toHex } from '../base/bytes.ts'
import { readCertificate } from '../codec/certificate.ts'
import { derReader } from '../codec/der.ts'
import { writeCertificate } from './write-certificate.ts'

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const

const DAY_SECONDS = 86_400
const LIFETIME_SECONDS = 20 * 365 * DAY_SECONDS

/** The hashes that the emulator signs with. */
export type SigningHash = 'SHA-1' | 'SHA-256'

/** A certificate, and the function that signs with its key. */
export interface SigningIdentity {
  readonly certificatePem: string
  /** DER. */
  readonly certificate: Bytes
  /** The issuer's Name, DER with tag and length. */
  readonly issuer: Uint8Array
  /** The contents of the serial number's INTEGER. */
  readonly serialNumber: Uint8Array
  /** Makes a bare RSASSA-PKCS1-v1_5 signature. */
  readonly sign: (hash: SigningHash, bytes: Bytes) => Promise<Bytes>
}

/** A new RSA key of 2048 bits, extractable. */
export const generateSigningKeyPair = async (): Promise<CryptoKeyPair> =>
  (await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair

/** A random serial number in hex: four bytes whose first bit is not set, as the real one has. */
export const randomSerialNumber = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(4))
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40
  return toHex(bytes)
}

const fromHex = (hex: string): Bytes =>
  Uint8Array.from(hex.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16))

const toPem = (der: Uint8Array): string => {
  const lines = toBase64(der).match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

/**
 * Makes a self-signed certificate in the shape of the real one of ECS. A critical extension marks
 * it as a certificate of the emulator, so that no service trusts it by mistake.
 * @param keys extractable, as {@link generateSigningKeyPair} makes them
 * @param serialNumber hex, positive and in shortest form, as {@link randomSerialNumber} makes it
 * @param now Unix seconds; the certificate is valid from the day before for 20 years
 */
export const createSigningIdentity = async (
  keys: CryptoKeyPair,
  serialNumber: string,
  now: number,
): Promise<SigningIdentity> => {
  // Web Cryptography ties a key to one hash, so import the same key again for SHA-1.
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  const forSha1 = { ...ALGORITHM, hash: 'SHA-1' }
  const privateKeys: Readonly<Record<SigningHash, CryptoKey>> = {
    'SHA-1': await crypto.subtle.importKey('pkcs8', pkcs8, forSha1, false, ['sign']),
    'SHA-256': keys.privateKey,
  }
  const sign: SigningIdentity['sign'] = async (hash, bytes) =>
    new Uint8Array(await crypto.subtle.sign(ALGORITHM.name, privateKeys[hash], bytes))

  const notBefore = now - DAY_SECONDS
  const certificate = await writeCertificate(
    {
      serialNumber: fromHex(serialNumber),
      notBefore,
      notAfter: notBefore + LIFETIME_SECONDS,
      publicKey: new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey)),
    },
    (bytes) => sign('SHA-256', bytes),
  )
  const { issuer, serialNumber: serial } = readCertificate(derReader(certificate))
  return { certificatePem: toPem(certificate), certificate, issuer, serialNumber: serial, sign }
}
