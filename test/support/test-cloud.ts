// A cloud of the tests' own: a key, a certificate like the real one, and evidence built element by
// element, so that a test can change any one thing and sign again.

import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { createHash, createPrivateKey, sign as cryptoSign, type KeyObject } from 'node:crypto'
import {
  type DerNode,
  der,
  encodeDer,
  integer,
  nodeAt,
  nullNode,
  objectIdentifier,
  octets,
  parseDer,
  sequence,
  setOf,
} from './der-tree.ts'

export type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'md5'

const DIGEST_OIDS: Record<Hash, string> = {
  md5: '1.2.840.113549.2.5',
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
}

export const OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  envelopedData: '1.2.840.113549.1.7.3',
  rsaEncryption: '1.2.840.113549.1.1.1',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
} as const

export const algorithm = (oid: string, parameters: DerNode | null = nullNode()): DerNode =>
  sequence(objectIdentifier(oid), ...(parameters === null ? [] : [parameters]))

export const digestAlgorithm = (hash: Hash): DerNode => algorithm(DIGEST_OIDS[hash])

export const attribute = (oid: string, ...values: DerNode[]): DerNode =>
  sequence(objectIdentifier(oid), setOf(...values))

/** The attributes that CMS requires for a content, in DER order. */
export const standardAttributes = (content: Uint8Array, hash: Hash): DerNode[] => [
  attribute(OID.contentType, objectIdentifier(OID.data)),
  attribute(OID.messageDigest, octets(createHash(hash).update(content).digest())),
]

export interface SignOptions {
  hash?: Hash
  /** Attributes to sign in place of the content; `true` for the standard ones. */
  signedAttributes?: readonly DerNode[] | true
  detached?: boolean
  /** Put the certificate into the message. */
  certificate?: boolean
}

export interface TestCloud {
  certificatePem: string
  certificateDer: Uint8Array
  key: KeyObject
  /** The raw RSASSA-PKCS1-v1_5 signature. */
  rawSign(bytes: Uint8Array, hash?: Hash): Uint8Array
  /** Evidence as a tree, signed. By default in the exact shape of ECS. */
  tree(content: string | Uint8Array, options?: SignOptions): DerNode
  /** The same as bytes. */
  sign(content: string | Uint8Array, options?: SignOptions): Uint8Array
}

const NAME = ['C', 'ST', 'L', 'O', 'OU', 'CN'].map((part) => ({ [part]: ['Unknown'] }))
const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: Uint8Array.of(1, 0, 1),
}

export interface TestCloudOptions {
  /** Default: a year ago. */
  notBefore?: Date
  /** Default: in a year. */
  notAfter?: Date
  /** Hex; default four bytes, not negative. */
  serialNumber?: string
  modulusLength?: number
  /** Default: 65537. */
  publicExponent?: Uint8Array<ArrayBuffer>
  /** Default: a new pair, of the two options above. */
  keys?: CryptoKeyPair
}

const DAY_MS = 86_400_000

const makeKeys = async ({ modulusLength, publicExponent }: TestCloudOptions) =>
  (await crypto.subtle.generateKey(
    {
      ...ALGORITHM,
      modulusLength: modulusLength ?? 2048,
      publicExponent: publicExponent ?? ALGORITHM.publicExponent,
    },
    true,
    ['sign', 'verify'],
  )) as CryptoKeyPair

// An RSA key takes 200 ms. Test files share the modules of their thread, so they share these two.
let sharedKeys: Promise<CryptoKeyPair> | undefined
let sharedCloud: Promise<TestCloud> | undefined

/** A key pair of 2048 bits that all tests of a thread share: for clouds that differ in their certificate. */
export const sharedTestKeys = (): Promise<CryptoKeyPair> => (sharedKeys ??= makeKeys({}))

/** The cloud that all tests of a thread share: for tests that need one, and no second one beside it. */
export const sharedTestCloud = (): Promise<TestCloud> =>
  (sharedCloud ??= sharedTestKeys().then((keys) => createTestCloud({ keys })))

/** Makes a cloud with a key of its own. */
export const createTestCloud = async (options: TestCloudOptions = {}): Promise<TestCloud> => {
  const keys = options.keys ?? (await makeKeys(options))
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: NAME,
    keys,
    signingAlgorithm: ALGORITHM,
    serialNumber: options.serialNumber ?? '6666d188',
    notBefore: options.notBefore ?? new Date(Date.now() - 365 * DAY_MS),
    notAfter: options.notAfter ?? new Date(Date.now() + 365 * DAY_MS),
  })
  const certificateDer = new Uint8Array(certificate.rawData)
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const tbs = nodeAt(parseDer(certificateDer), 0)
  const issuerAndSerial = (): DerNode => sequence(nodeAt(tbs, 3), nodeAt(tbs, 1))
  const rawSign = (bytes: Uint8Array, hash: Hash = 'sha1'): Uint8Array =>
    new Uint8Array(cryptoSign(hash, bytes, key))

  const tree = (content: string | Uint8Array, signOptions: SignOptions = {}): DerNode => {
    const { hash = 'sha1', signedAttributes, detached, certificate: withCertificate } = signOptions
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    const attributes =
      signedAttributes === true ? standardAttributes(bytes, hash) : (signedAttributes ?? [])
    const signed = attributes.length > 0 ? encodeDer(setOf(...attributes)) : bytes
    const signerInfo = sequence(
      integer(1),
      issuerAndSerial(),
      digestAlgorithm(hash),
      ...(attributes.length > 0 ? [der(0xa0, ...attributes)] : []),
      algorithm(OID.rsaEncryption),
      octets(rawSign(signed, hash)),
    )
    const signedData = sequence(
      integer(1),
      setOf(digestAlgorithm(hash)),
      sequence(objectIdentifier(OID.data), ...(detached ? [] : [der(0xa0, octets(bytes))])),
      ...(withCertificate ? [der(0xa0, parseDer(certificateDer))] : []),
      setOf(signerInfo),
    )
    // Parsed once more, so that no two trees share elements that a test may change.
    return parseDer(encodeDer(sequence(objectIdentifier(OID.signedData), der(0xa0, signedData))))
  }

  return {
    certificatePem: certificate.toString('pem'),
    certificateDer,
    key,
    rawSign,
    tree,
    sign: (content, signOptions) => encodeDer(tree(content, signOptions)),
  }
}

/** A document in the shape and order of ECS, 334 bytes with the default audience. */
export const DOCUMENT_FIELDS = {
  'zone-id': 'cn-hangzhou-h',
  'serial-number': '4acd2b47-b328-4762-852f-99ab12cd34ef',
  'instance-id': 'i-bp13znx0m0me8cqabcde',
  'region-id': 'cn-hangzhou',
  'private-ipv4': '192.168.10.21',
  'owner-account-id': '1609123456789012',
  mac: '00:16:3e:0f:12:ab',
  'image-id': 'aliyun_3_x64_20G_alibase_20210425.vhd',
  'instance-type': 'ecs.g6e.large',
} as const

/** The text of a document with some fields changed or added (added ones come last). */
export const documentText = (changes: Record<string, string> = {}): string =>
  JSON.stringify({ ...DOCUMENT_FIELDS, ...changes })

/** What ECS signs for an audience. */
export const withAudience = (document: string, audience: string): string =>
  `${document.slice(0, -1)},"audience":"${audience}"}`

/** A document and a signature over it with an audience, as an instance posts them. */
export const signedEvidence = (
  cloud: TestCloud,
  audience: string,
  fields: Record<string, string> = {},
  options: SignOptions = {},
): { document: string; pkcs7: string } => {
  const document = documentText(fields)
  const der = cloud.sign(withAudience(document, audience), options)
  return { document, pkcs7: Buffer.from(der).toString('base64') }
}
