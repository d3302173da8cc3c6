// The values of single elements as people read them.

import { fromUtf8, toHex } from '../../base/bytes.ts'
import { EMULATOR_EXTENSION } from '../../codec/certificate.ts'
import type { DerNode } from './der-tree.ts'

/** The name of the extension that marks certificates of the metadata emulator. */
export const EMULATOR_MARK = 'made by the rollcall emulator'

const OIDS: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.7.1': 'id-data',
  '1.2.840.113549.1.7.2': 'SignedData',
  '1.2.840.113549.1.7.3': 'EnvelopedData',
  '1.2.840.113549.1.1.1': 'RSA',
  '1.2.840.113549.1.1.5': 'RSA with SHA-1',
  '1.2.840.113549.1.1.10': 'RSA-PSS',
  '1.2.840.113549.1.1.11': 'RSA with SHA-256',
  '1.2.840.113549.1.1.12': 'RSA with SHA-384',
  '1.2.840.113549.1.1.13': 'RSA with SHA-512',
  '1.2.840.113549.1.9.3': 'contentType',
  '1.2.840.113549.1.9.4': 'messageDigest',
  '1.2.840.113549.1.9.5': 'signingTime',
  '1.2.840.113549.2.5': 'MD5',
  '1.3.14.3.2.26': 'SHA-1',
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
  '2.16.840.1.101.3.4.2.2': 'SHA-384',
  '2.16.840.1.101.3.4.2.3': 'SHA-512',
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  [EMULATOR_EXTENSION]: EMULATOR_MARK,
}

/** An OBJECT IDENTIFIER: its name, else in dotted decimal. */
export const oidText = (node: DerNode | undefined): string | undefined => {
  if (node?.tag !== 0x06) return undefined
  const arcs: bigint[] = []
  let arc = 0n
  for (const byte of node.contents) {
    arc = arc * 128n + BigInt(byte & 0x7f)
    if (byte < 0x80) {
      arcs.push(arc)
      arc = 0n
    }
  }
  const [first = 0n, ...rest] = arcs
  const top = first < 80n ? first / 40n : 2n
  const dotted = [top, first - 40n * top, ...rest].join('.')
  return OIDS[dotted] ?? dotted
}

/** An AlgorithmIdentifier. */
export const algorithmText = (node: DerNode | undefined): string | undefined => {
  const name = oidText(node?.children[0])
  const parameters = node?.children[1]
  if (name === undefined || parameters === undefined || parameters.tag === 0x05) return name
  return `${name}, with parameters`
}

const textOf = ({ contents }: DerNode): string => fromUtf8(contents) ?? `0x${toHex(contents)}`

/** A Name, `C=..., CN=...`. */
export const nameText = (node: DerNode | undefined): string | undefined =>
  node?.children
    .flatMap(({ children }) => children)
    .map(({ children: [type, value] }) => `${oidText(type) ?? '?'}=${value ? textOf(value) : ''}`)
    .join(', ')

/** An INTEGER in hex. */
export const integerText = (node: DerNode | undefined): string | undefined =>
  node?.tag === 0x02 ? `0x${toHex(node.contents)}` : undefined

/** An INTEGER that is a version: small. */
export const versionText = (node: DerNode | undefined): string | undefined =>
  node?.contents.length === 1 ? String(node.contents[0]) : integerText(node)

/** A UTCTime or GeneralizedTime as RFC 3339. */
export const timeOf = (node: DerNode | undefined): string | undefined => {
  if (node?.tag !== 0x17 && node?.tag !== 0x18) return undefined
  const text = textOf(node)
  const digits = node.tag === 0x17 ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits)
  if (found === null) return text
  const [, year, month, day, hour, minute, second] = found
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
}

const TAGS: Readonly<Record<number, string>> = {
  0x01: 'BOOLEAN',
  0x02: 'INTEGER',
  0x03: 'BIT STRING',
  0x04: 'OCTET STRING',
  0x05: 'NULL',
  0x06: 'OBJECT IDENTIFIER',
  0x0c: 'UTF8String',
  0x13: 'PrintableString',
  0x16: 'IA5String',
  0x17: 'UTCTime',
  0x18: 'GeneralizedTime',
  0x30: 'SEQUENCE',
  0x31: 'SET',
}

const CONTEXT = 0x80
const SHOWN_BYTES = 24

/** What kind of element it is. */
export const tagText = ({ tag }: DerNode): string =>
  TAGS[tag] ?? ((tag & 0xc0) === CONTEXT ? `[${tag & 0x1f}]` : `tag 0x${toHex(Uint8Array.of(tag))}`)

/** The value of an element that holds no others; long ones are cut. */
export const valueText = (node: DerNode): string => {
  const { tag, contents } = node
  const text = tag === 0x0c || tag === 0x13 || tag === 0x16 ? textOf(node) : undefined
  const known = oidText(node) ?? timeOf(node) ?? text
  if (known !== undefined) return known
  const hex = toHex(contents.subarray(0, SHOWN_BYTES))
  return contents.length > SHOWN_BYTES ? `${hex}...` : hex
}
