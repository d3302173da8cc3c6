// Signs as the cloud does: PKCS#7 in the exact shape of ECS, or one of the shapes that it may come to
// send. The key and its certificate are made at start and are good for nothing else.

import { type Bytes, toHex, utf8 } from '../bytes.ts'
import { readCertificate } from '../codec/certificate.ts'
import { TAG, derReader } from '../codec/der.ts'
import {
  algorithmIdentifier,
  element,
  objectIdentifier,
  sequence,
  setMembers,
} from './der-writer.ts'

const OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  rsaEncryption: '1.2.840.113549.1.1.1',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  'SHA-1': '1.3.14.3.2.26',
  'SHA-256': '2.16.840.1.101.3.4.2.1',
} as const

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
  hash: 'SHA-256',
}
const NOTHING = /* @__PURE__ */ new Uint8Array()
const YEAR_MS = 365 * 86_400_000

/** What differs from the shape of ECS today. */
export interface SigningShape {
  readonly sha256: boolean
  readonly certificate: boolean
  readonly signedAttributes: boolean
  readonly detached: boolean
  readonly wrongKey: boolean
}

/** A signing cloud. */
export interface Signer {
  /** What verifiers are to trust, PEM. */
  readonly certificatePem: string
  /** Signs a content. @returns a DER ContentInfo */
  sign(content: Bytes, shape: SigningShape): Promise<Bytes>
}

type PrivateKeys = Readonly<Record<'SHA-1' | 'SHA-256', CryptoKey>>

/** The key for each hash: Web Cryptography ties a key to one. */
const privateKeysOf = async ({ privateKey }: CryptoKeyPair): Promise<PrivateKeys> => {
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', privateKey)
  const importFor = (hash: string): Promise<CryptoKey> =>
    crypto.subtle.importKey('pkcs8', pkcs8, { ...ALGORITHM, hash }, false, ['sign'])
  return { 'SHA-1': await importFor('SHA-1'), 'SHA-256': await importFor('SHA-256') }
}

const generateKeys = (): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<CryptoKeyPair>

/** A certificate with the odd name of the real one: `Unknown` in every part, even the country. */
const makeCertificate = async (
  keys: CryptoKeyPair,
): Promise<{ readonly der: Bytes; readonly pem: string }> => {
  // Loaded here alone: it is large, and nothing but the emulator makes certificates.
  await import('reflect-metadata')
  const { X509CertificateGenerator } = await import('@peculiar/x509')
  const parts = ['C', 'ST', 'L', 'O', 'OU', 'CN']
  // Four bytes whose first bit is not set, as the real serial number has.
  const serialNumber = crypto.getRandomValues(new Uint8Array(4))
  serialNumber[0] = ((serialNumber[0] as number) & 0x3f) | 0x40
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: parts.map((part) => ({ [part]: ['Unknown'] })),
    keys,
    signingAlgorithm: ALGORITHM,
    serialNumber: toHex(serialNumber),
    notBefore: new Date(Date.now() - YEAR_MS),
    notAfter: new Date(Date.now() + YEAR_MS),
  })
  return { der: new Uint8Array(certificate.rawData), pem: `${certificate.toString('pem')}\n` }
}

const utcTime = (date: Date): Bytes =>
  element(TAG.utcTime, utf8(`${date.toISOString().replace(/\D/g, '').slice(2, 14)}Z`))

const attribute = (type: string, value: Bytes): Bytes =>
  sequence(objectIdentifier(type), element(TAG.set, value))

/** Makes the keys and the certificate of a cloud; takes about a second. */
export const createSigner = async (): Promise<Signer> => {
  const [keys, otherKeys] = await Promise.all([generateKeys(), generateKeys()])
  const certificate = await makeCertificate(keys)
  const right = await privateKeysOf(keys)
  const wrong = await privateKeysOf(otherKeys)
  const { issuer, serialNumber } = readCertificate(derReader(certificate.der))

  return {
    certificatePem: certificate.pem,
    async sign(content, shape) {
      const hash = shape.sha256 ? 'SHA-256' : 'SHA-1'
      const digestAlgorithm = algorithmIdentifier(OID[hash])
      const digest = new Uint8Array(await crypto.subtle.digest(hash, content))
      const attributes = setMembers(
        attribute(OID.contentType, objectIdentifier(OID.data)),
        attribute(OID.messageDigest, element(TAG.octetString, digest)),
        attribute(OID.signingTime, utcTime(new Date())),
      )
      // RFC 5652 section 5.4: signed as a SET, sent under the tag [0].
      const signed = shape.signedAttributes ? element(TAG.set, attributes) : content
      const key = (shape.wrongKey ? wrong : right)[hash]
      const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM.name, key, signed))

      const version = element(TAG.integer, Uint8Array.of(1))
      const signerInfo = sequence(
        version,
        sequence(issuer, element(TAG.integer, serialNumber)),
        digestAlgorithm,
        shape.signedAttributes ? element(TAG.context0, attributes) : NOTHING,
        algorithmIdentifier(OID.rsaEncryption),
        element(TAG.octetString, signature),
      )
      const embedded = element(TAG.context0, element(TAG.octetString, content))
      const signedData = sequence(
        version,
        element(TAG.set, digestAlgorithm),
        sequence(objectIdentifier(OID.data), shape.detached ? NOTHING : embedded),
        shape.certificate ? element(TAG.context0, certificate.der) : NOTHING,
        element(TAG.set, signerInfo),
      )
      return sequence(objectIdentifier(OID.signedData), element(TAG.context0, signedData))
    },
  }
}
