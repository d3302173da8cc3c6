// Certification requests as a kubelet sends them, and odd ones: every part can be replaced before the request is signed.
// Written with the second DER writer; nothing of the code under test is used here.

import {
  type DerNode,
  der,
  encodeDer,
  integer,
  nullNode,
  objectIdentifier,
  octets,
  parseDer,
  primitive,
  sequence,
  setOf,
} from './der-tree.ts'
import { knownRsaCryptoKeys } from './known-rsa-keys.ts'

const TAGS = { utf8: 0x0c, printable: 0x13, ia5: 0x16, bmp: 0x1e } as const

/** A string type of ASN.1. */
export type StringType = keyof typeof TAGS

const stringBytes = (text: string, type: StringType): Uint8Array =>
  type === 'bmp'
    ? Uint8Array.from(Buffer.from(text, 'utf16le').swap16())
    : new TextEncoder().encode(text)

const NAME_TYPES = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11', C: '2.5.4.6' } as const

/** One attribute of a name, such as `['CN', 'system:node:a']`. */
export type Attribute = readonly [type: keyof typeof NAME_TYPES, text: string, string?: StringType]

/** A relative distinguished name of some attributes. */
const rdn = (attributes: readonly Attribute[]): DerNode =>
  setOf(
    ...attributes.map(([type, text, string = 'utf8']) =>
      sequence(
        objectIdentifier(NAME_TYPES[type]),
        primitive(TAGS[string], stringBytes(text, string)),
      ),
    ),
  )

/** A general name (RFC 5280 section 4.2.1.6). */
export const dnsName = (text: string): DerNode => primitive(0x82, stringBytes(text, 'ia5'))
export const emailName = (text: string): DerNode => primitive(0x81, stringBytes(text, 'ia5'))
export const uriName = (text: string): DerNode => primitive(0x86, stringBytes(text, 'ia5'))
export const addressName = (...bytes: readonly number[]): DerNode =>
  primitive(0x87, Uint8Array.from(bytes))
export const otherName = (): DerNode =>
  der(
    0xa0,
    objectIdentifier('1.3.6.1.4.1.311.20.2.3'),
    der(0xa0, primitive(0x0c, Uint8Array.of(97))),
  )

/** The 16 bytes of an IPv4-mapped address. */
export const mapped = (...ipv4: readonly number[]): number[] => [
  ...Array.from({ length: 10 }, () => 0),
  0xff,
  0xff,
  ...ipv4,
]

export const extension = (dotted: string, value: DerNode, critical?: number): DerNode =>
  sequence(
    objectIdentifier(dotted),
    ...(critical === undefined ? [] : [primitive(0x01, Uint8Array.of(critical))]),
    octets(encodeDer(value)),
  )

export const subjectAltName = (...names: readonly DerNode[]): DerNode =>
  extension('2.5.29.17', sequence(...names))

export const extensionRequest = (...extensions: readonly DerNode[]): DerNode =>
  attribute('1.2.840.113549.1.9.14', sequence(...extensions))

export const attribute = (dotted: string, ...values: readonly DerNode[]): DerNode =>
  sequence(objectIdentifier(dotted), setOf(...values))

/** Keys that a request can have. */
const KEYS = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384' },
  'P-521': { name: 'ECDSA', namedCurve: 'P-521' },
  Ed25519: { name: 'Ed25519' },
  'RSA-1024': { name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024 },
  'RSA-2048': { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048 },
  'RSA-4096': { name: 'RSASSA-PKCS1-v1_5', modulusLength: 4096 },
} as const

export type KeyKind = keyof typeof KEYS
type Hash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'

const SIGNATURES: Readonly<Record<string, string>> = {
  'ECDSA SHA-1': '1.2.840.10045.4.1',
  'ECDSA SHA-256': '1.2.840.10045.4.3.2',
  'ECDSA SHA-384': '1.2.840.10045.4.3.3',
  'ECDSA SHA-512': '1.2.840.10045.4.3.4',
  'RSASSA-PKCS1-v1_5 SHA-1': '1.2.840.113549.1.1.5',
  'RSASSA-PKCS1-v1_5 SHA-256': '1.2.840.113549.1.1.11',
  'RSASSA-PKCS1-v1_5 SHA-384': '1.2.840.113549.1.1.12',
  'RSASSA-PKCS1-v1_5 SHA-512': '1.2.840.113549.1.1.13',
}

const made = new Map<KeyKind, Promise<CryptoKeyPair>>()

const newPair = (kind: KeyKind): Promise<CryptoKeyPair> => {
  // Making one of 4096 bits takes seconds.
  if (kind === 'RSA-4096') return knownRsaCryptoKeys(4096)
  const rsa = { hash: 'SHA-256', publicExponent: Uint8Array.of(1, 0, 1) }
  const algorithm = { ...rsa, ...KEYS[kind] }
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<CryptoKeyPair>
}

/** A key pair of each kind, made once. */
const madePair = (kind: KeyKind): Promise<CryptoKeyPair> => {
  const pair = made.get(kind) ?? newPair(kind)
  made.set(kind, pair)
  return pair
}

/** The key pair of a kind. A key of RSA is imported for each hash, since WebCrypto allows one for a key. */
const keyPair = async (kind: KeyKind, hash: Hash): Promise<CryptoKeyPair> => {
  const pair = await madePair(kind)
  if (KEYS[kind].name !== 'RSASSA-PKCS1-v1_5') return pair
  const withHash = async (format: 'pkcs8' | 'spki', key: CryptoKey, use: KeyUsage) => {
    const bytes = await crypto.subtle.exportKey(format, key)
    return crypto.subtle.importKey(format, bytes, { ...KEYS[kind], hash }, true, [use])
  }
  return {
    privateKey: await withHash('pkcs8', pair.privateKey, 'sign'),
    publicKey: await withHash('spki', pair.publicKey, 'verify'),
  }
}

const shortest = (bytes: Uint8Array): DerNode => {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = [...bytes.subarray(first)]
  return integer(...((digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits))
}

const sign = async (info: Uint8Array, kind: KeyKind, hash: Hash): Promise<Uint8Array> => {
  const { privateKey } = await keyPair(kind, hash)
  const { name } = KEYS[kind]
  const raw = new Uint8Array(
    await crypto.subtle.sign({ name, hash }, privateKey, Uint8Array.from(info)),
  )
  if (name !== 'ECDSA') return raw
  const half = raw.length / 2
  return encodeDer(sequence(shortest(raw.subarray(0, half)), shortest(raw.subarray(half))))
}

/** What a request has; all of it is signed. */
export interface RequestParts {
  /** Each entry is a relative distinguished name. */
  readonly subject: readonly (readonly Attribute[])[]
  /** Default: one extensionRequest with `names`, none without names. */
  readonly attributes?: readonly DerNode[]
  /** Names of subjectAltName. Default: none. */
  readonly names?: readonly DerNode[]
  /** Default: P-256. */
  readonly key?: KeyKind
  /** Default: SHA-256. */
  readonly hash?: Hash
  /** Default: 0, which means 1. */
  readonly version?: number
  /** Changes the finished tree, after it was signed. */
  readonly change?: (root: DerNode) => void
}

const bits = (bytes: Uint8Array): DerNode => primitive(0x03, Uint8Array.of(0, ...bytes))

/** A request as DER. */
export const requestDer = async (parts: RequestParts): Promise<Uint8Array> => {
  const { subject, names = [], key = 'P-256', hash = 'SHA-256', version = 0, change } = parts
  const attributes =
    parts.attributes ?? (names.length === 0 ? [] : [extensionRequest(subjectAltName(...names))])
  const { publicKey } = await keyPair(key, hash)
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))
  const info = sequence(
    integer(version),
    sequence(...subject.map(rdn)),
    parseDer(spki),
    der(0xa0, ...attributes),
  )
  const { name } = KEYS[key]
  const algorithm =
    name === 'Ed25519'
      ? sequence(objectIdentifier('1.3.101.112'))
      : sequence(
          objectIdentifier(SIGNATURES[`${name} ${hash}`] ?? ''),
          ...(name === 'ECDSA' ? [] : [nullNode()]),
        )
  const root = sequence(info, algorithm, bits(await sign(encodeDer(info), key, hash)))
  change?.(root)
  return encodeDer(root)
}

/** DER in PEM lines. */
export const toPem = (bytes: Uint8Array, label = 'CERTIFICATE REQUEST'): string => {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** PEM as `spec.request` has it. */
export const toRequest = (pem: string): string => Buffer.from(pem).toString('base64')

/** The subject that a kubelet writes. */
export const nodeSubject = (node: string): RequestParts['subject'] => [
  [['O', 'system:nodes']],
  [['CN', `system:node:${node}`]],
]

/** A CertificateSigningRequest as the API server answers it. */
export interface CsrJson {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly creationTimestamp: string
    readonly resourceVersion?: string
  }
  readonly spec: {
    readonly request: string
    readonly signerName: string
    readonly username: string
    readonly groups: readonly string[]
    readonly extra?: Readonly<Record<string, readonly string[]>>
    readonly usages: readonly string[]
  }
  readonly status?: {
    readonly conditions?: readonly object[]
    readonly certificate?: string
  }
}

/** The CertificateSigningRequest of a kubelet for its serving certificate. */
export const servingCsr = (
  node: string,
  request: string,
  spec: Partial<CsrJson['spec']> = {},
  name = 'csr-1',
): CsrJson => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name, uid: `uid-of-${name}`, creationTimestamp: '2026-11-27T12:00:00Z' },
  spec: {
    request,
    signerName: 'kubernetes.io/kubelet-serving',
    username: `system:node:${node}`,
    groups: ['system:nodes', 'system:authenticated'],
    usages: ['key encipherment', 'digital signature', 'server auth'],
    ...spec,
  },
})
