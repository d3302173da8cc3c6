// The emulated cloud's signing key and its certificate, made at start and good for nothing else.
// The certificate library is loaded when one is made: importing this folder stays cheap.

import { type Bytes, toHex } from '../bytes.ts'
import { readCertificate } from '../codec/certificate.ts'
import { derReader } from '../codec/der.ts'

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const

// The name of the real certificate, down to its country of seven letters.
const NAME = ['C', 'ST', 'L', 'O', 'OU', 'CN'].map((part) => ({ [part]: ['Unknown'] }))

const DAY_SECONDS = 86_400
const LIFETIME_SECONDS = 20 * 365 * DAY_SECONDS

/** The hashes that the emulator signs with. */
export type SigningHash = 'SHA-1' | 'SHA-256'

/** A certificate, and what signs under it. */
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
export const generateSigningKeys = async (): Promise<CryptoKeyPair> =>
  (await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair

/** A random serial number in hex: four bytes whose first bit is not set, as the real one has. */
export const randomSerialNumber = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(4))
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40
  return toHex(bytes)
}

/**
 * Makes a self-signed certificate in the shape of the real one of ECS.
 * @param keys extractable, as {@link generateSigningKeys} makes them
 * @param serialNumber hex
 * @param now Unix seconds; the certificate is valid from the day before for 20 years
 */
export const createSigningIdentity = async (
  keys: CryptoKeyPair,
  serialNumber: string,
  now: number,
): Promise<SigningIdentity> => {
  await import('reflect-metadata') // The certificate library needs it, loaded first.
  const x509 = await import('@peculiar/x509')
  const notBefore = now - DAY_SECONDS
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: NAME,
    keys,
    signingAlgorithm: ALGORITHM,
    serialNumber,
    notBefore: new Date(notBefore * 1000),
    notAfter: new Date((notBefore + LIFETIME_SECONDS) * 1000),
    extensions: [await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)],
  })
  const certificate = new Uint8Array(made.rawData)
  const fields = readCertificate(derReader(certificate))

  // Web Cryptography ties a key to one hash: the same key once more, for SHA-1.
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  const forSha1 = { ...ALGORITHM, hash: 'SHA-1' }
  const privateKeys: Readonly<Record<SigningHash, CryptoKey>> = {
    'SHA-1': await crypto.subtle.importKey('pkcs8', pkcs8, forSha1, false, ['sign']),
    'SHA-256': keys.privateKey,
  }
  return {
    certificatePem: `${made.toString('pem')}\n`,
    certificate,
    issuer: fields.issuer,
    serialNumber: fields.serialNumber,
    sign: async (hash, bytes) =>
      new Uint8Array(await crypto.subtle.sign(ALGORITHM.name, privateKeys[hash], bytes)),
  }
}
