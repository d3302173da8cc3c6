// Describes the parts of a PKCS#7 SignedData by their places (RFC 5652 section 5), as the command's JSON
// has them. Parts that are missing, or of another kind, are left out.

import { fromUtf8 } from '../../base/bytes.ts'
import { parseUniqueJson } from '../../base/json.ts'
import { TAG } from '../../codec/der.ts'
import type { DerNode } from './der-tree.ts'
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

/** A text, or `undefined` if the part could not be read. */
type Text = string | undefined

/** A certificate in a message. */
export interface DescribedCertificate {
  readonly serial: Text
  readonly subject: Text
  readonly issuer: Text
  readonly not_before: Text
  readonly not_after: Text
  /** Whether it has the mark of the metadata emulator. */
  readonly emulated: boolean
}

/** One signer. */
export interface DescribedSigner {
  readonly version: Text
  readonly serial: Text
  readonly issuer: Text
  readonly digest_algorithm: Text
  readonly signature_algorithm: Text
  readonly signature_bytes: number | undefined
  /** Values by name; absent without attributes. */
  readonly signed_attributes: Readonly<Record<string, string>> | undefined
}

/** A whole message. */
export interface DescribedMessage {
  readonly version: Text
  readonly content_type: Text
  readonly digest_algorithms: readonly string[]
  /** Absent: detached. */
  readonly content: Text
  readonly content_bytes: number | undefined
  /** The members of a content that is a JSON object. */
  readonly fields: Readonly<Record<string, string>>
  readonly certificates: readonly DescribedCertificate[]
  readonly signers: readonly DescribedSigner[]
}

const describeCertificate = ({ children: [tbs] }: DerNode): DescribedCertificate => {
  const all = tbs?.children ?? []
  const [serial, , issuer, validity, subject] = all[0]?.tag === TAG.context0 ? all.slice(1) : all
  const extensions = all.find(({ tag }) => tag === TAG.context3)?.children[0]?.children ?? []
  return {
    serial: integerText(serial),
    subject: nameText(subject),
    issuer: nameText(issuer),
    not_before: timeOf(validity?.children[0]),
    not_after: timeOf(validity?.children[1]),
    emulated: extensions.some(({ children: [type] }) => oidText(type) === EMULATOR_MARK),
  }
}

const describeAttribute = ({ children: [type, values] }: DerNode): [string, string] => [
  oidText(type) ?? '?',
  (values?.children ?? []).map(valueText).join(' | '),
]

const describeSigner = ({ children }: DerNode): DescribedSigner => {
  const [version, name, digest, ...rest] = children
  const attributes = rest[0]?.tag === TAG.context0 ? rest.shift() : undefined
  const [algorithm, signature] = rest
  const [issuer, serial] = name?.tag === TAG.sequence ? name.children : []
  return {
    version: versionText(version),
    serial: integerText(serial),
    issuer: nameText(issuer),
    digest_algorithm: algorithmText(digest),
    signature_algorithm: algorithmText(algorithm),
    signature_bytes: signature?.tag === TAG.octetString ? signature.contents.length : undefined,
    signed_attributes: attributes && Object.fromEntries(attributes.children.map(describeAttribute)),
  }
}

/** The members of a JSON object, in their order. */
const fieldsOf = (content: Text): Record<string, string> => {
  const parsed = parseUniqueJson(content ?? '')
  const value = parsed.ok ? parsed.value : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  const texts = Object.entries(value).map(([name, member]): [string, string] => [
    name,
    typeof member === 'string' ? member : JSON.stringify(member),
  ])
  return Object.fromEntries(texts)
}

/** Describes a message. @returns `undefined` if it is not a SignedData */
export const describeMessage = (root: DerNode | undefined): DescribedMessage | undefined => {
  const [type, wrapper] = root?.children ?? []
  const parts = wrapper?.children[0]?.children ?? []
  if (oidText(type) !== 'SignedData' || parts.length === 0) return undefined
  const [version, digests, encapsulated, ...rest] = parts
  const [contentType, contentWrapper] = encapsulated?.children ?? []
  const octets = contentWrapper?.children[0]
  const bytes = octets?.tag === TAG.octetString ? octets.contents : undefined
  const content = bytes && (fromUtf8(bytes) ?? `${bytes.length} bytes that are not text`)
  return {
    version: versionText(version),
    content_type: oidText(contentType),
    digest_algorithms: (digests?.children ?? []).map((it) => algorithmText(it) ?? '?'),
    content,
    content_bytes: bytes?.length,
    fields: fieldsOf(content),
    certificates: (rest.find(({ tag }) => tag === TAG.context0)?.children ?? []).map(
      describeCertificate,
    ),
    signers: (rest.findLast(({ tag }) => tag === TAG.set)?.children ?? []).map(describeSigner),
  }
}
