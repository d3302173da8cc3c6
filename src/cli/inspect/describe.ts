// What a PKCS#7 SignedData says, by the places where its parts belong (RFC 5652 section 5); parts that
// are not there, or not of their kind, are left out.

import { fromUtf8 } from '../../base/bytes.ts'
import { parseUniqueJson } from '../../base/json.ts'
import type { DerNode } from './der-nodes.ts'
import {
  EMULATOR_MARK,
  algorithmText,
  integerText,
  nameText,
  oidText,
  timeOf,
  valueText,
  versionText,
} from './values.ts'

/** A certificate inside of a message. */
export interface DescribedCertificate {
  readonly subject: string | undefined
  readonly issuer: string | undefined
  readonly serial: string | undefined
  readonly notBefore: string | undefined
  readonly notAfter: string | undefined
  /** Whether it says that the metadata emulator made it. */
  readonly emulated: boolean
}

/** One signer. */
export interface DescribedSigner {
  readonly version: string | undefined
  readonly issuer: string | undefined
  readonly serial: string | undefined
  readonly digestAlgorithm: string | undefined
  readonly signatureAlgorithm: string | undefined
  readonly signatureBytes: number | undefined
  /** Name and value; absent if there are none. */
  readonly signedAttributes: readonly (readonly [string, string])[] | undefined
}

/** A whole message. */
export interface DescribedMessage {
  readonly contentType: string | undefined
  readonly version: string | undefined
  readonly digestAlgorithms: readonly string[]
  /** Absent: detached. */
  readonly content: string | undefined
  readonly contentBytes: number | undefined
  /** The members of a content that is a JSON object. */
  readonly fields: readonly (readonly [string, string])[]
  readonly certificates: readonly DescribedCertificate[]
  readonly signers: readonly DescribedSigner[]
}

const CONTEXT_0 = 0xa0
const CONTEXT_3 = 0xa3
const SEQUENCE = 0x30
const SET = 0x31
const OCTET_STRING = 0x04

const describeCertificate = ({ children: [tbs] }: DerNode): DescribedCertificate => {
  const parts = tbs?.children ?? []
  const at = parts[0]?.tag === CONTEXT_0 ? 1 : 0
  const validity = parts[at + 3]?.children ?? []
  const extensions = parts.find(({ tag }) => tag === CONTEXT_3)?.children[0]?.children ?? []
  return {
    serial: integerText(parts[at]),
    issuer: nameText(parts[at + 2]),
    notBefore: timeOf(validity[0]),
    notAfter: timeOf(validity[1]),
    subject: nameText(parts[at + 4]),
    emulated: extensions.some(({ children: [type] }) => oidText(type) === EMULATOR_MARK),
  }
}

const describeAttribute = ({ children: [type, values] }: DerNode): readonly [string, string] => [
  oidText(type) ?? '?',
  (values?.children ?? []).map(valueText).join(' | '),
]

const describeSigner = ({ children }: DerNode): DescribedSigner => {
  const [version, name, digest, ...rest] = children
  const attributes = rest[0]?.tag === CONTEXT_0 ? rest.shift() : undefined
  const [algorithm, signature] = rest
  const byName = name?.tag === SEQUENCE
  return {
    version: versionText(version),
    issuer: byName ? nameText(name.children[0]) : undefined,
    serial: byName ? integerText(name.children[1]) : undefined,
    digestAlgorithm: algorithmText(digest),
    signatureAlgorithm: algorithmText(algorithm),
    signatureBytes: signature?.tag === OCTET_STRING ? signature.contents.length : undefined,
    signedAttributes: attributes?.children.map(describeAttribute),
  }
}

/** The members of a JSON object, in their order. */
const fieldsOf = (content: string): readonly (readonly [string, string])[] => {
  const parsed = parseUniqueJson(content)
  const value = parsed.ok ? parsed.value : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).map(([name, member]) => [
    name,
    typeof member === 'string' ? member : JSON.stringify(member),
  ])
}

/** Describes a message. @returns `undefined` if it isn't one, as far as can be made out */
export const describeMessage = (root: DerNode | undefined): DescribedMessage | undefined => {
  const [type, wrapper] = root?.children ?? []
  const parts = wrapper?.children[0]?.children ?? []
  if (oidText(type) !== 'SignedData' || parts.length === 0) return undefined
  const [version, digests, encapsulated, ...rest] = parts
  const octets = encapsulated?.children[1]?.children[0]
  const bytes = octets?.tag === OCTET_STRING ? octets.contents : undefined
  const content = bytes && (fromUtf8(bytes) ?? `${bytes.length} bytes that are not text`)
  const certificates = rest.find(({ tag }) => tag === CONTEXT_0)
  const signers = rest.findLast(({ tag }) => tag === SET)
  return {
    contentType: oidText(encapsulated?.children[0]),
    version: versionText(version),
    digestAlgorithms: (digests?.children ?? []).map((it) => algorithmText(it) ?? '?'),
    content,
    contentBytes: bytes?.length,
    fields: content === undefined ? [] : fieldsOf(content),
    certificates: (certificates?.children ?? []).map(describeCertificate),
    signers: (signers?.children ?? []).map(describeSigner),
  }
}
