// Inspects a PKCS#7 message without a trust anchor: its parts, and where the reader of the
// verification refuses it.

import { type Bytes, fromBase64, toHex } from '../../base/bytes.ts'
import { InstanceIdentityError, type InstanceIdentityErrorCode } from '../../base/errors.ts'
import { type Result, accept, refuse } from '../../base/result.ts'
import { readIdentityDocument } from '../../codec/identity-document.ts'
import { decodePkcs7 } from '../../codec/pem.ts'
import { readSignedData } from '../../codec/signed-data.ts'
import { type DerNode, readDerTree } from './der-tree.ts'
import { type DescribedMessage, describeMessage } from './describe.ts'

/** Where and why a message is refused. */
export interface Refusal {
  readonly code: InstanceIdentityErrorCode
  readonly detail: string
  /** Of DER: in bytes of the message. Of a text: in characters. */
  readonly offset: number | undefined
  /** The offset in words: `byte 4`, `line 2, column 7`. */
  readonly place: string
  /**
   * The data at the offset: bytes in hex with the refused one in brackets, a character, or text.
   */
  readonly around: string
}

/** The result of an inspection. */
export interface Inspection {
  /** `DER`, `base64`, `PEM (PKCS7)`. */
  readonly form: string
  /** How many bytes could be decoded. */
  readonly bytes: number
  /** How many bytes are missing, according to the length in the message. */
  readonly missingBytes: number
  /** Absent if it is not a SignedData. */
  readonly message: DescribedMessage | undefined
  readonly nodes: readonly DerNode[]
  /** Absent if verification accepts the structure. */
  readonly refusal: Refusal | undefined
}

/** The result of a strict reader, or its refusal. */
const attempt = <Value>(read: () => Value): Result<Value, InstanceIdentityError> => {
  try {
    return accept(read())
  } catch (error) {
    if (error instanceof InstanceIdentityError) return refuse(error)
    throw error
  }
}

const HEX_BYTES = 8
const TEXT_BYTES = 24

const hexAround = (bytes: Uint8Array, offset: number): string => {
  const hex = (start: number, end: number): string => toHex(bytes.subarray(Math.max(0, start), end))
  const texts = [
    hex(offset - HEX_BYTES, offset),
    `[${hex(offset, offset + 1)}]`,
    hex(offset + 1, offset + HEX_BYTES),
  ]
  return texts.filter((text) => text !== '').join(' ')
}

/** The problem at a character of a text. */
const characterText = (character: string): string => {
  if (character === ' ') return '" ", perhaps a + that was not URL-encoded'
  return /^[A-Za-z0-9+/\r\n]?$/.test(character)
    ? 'the text ends too early, or its padding is missing'
    : JSON.stringify(character)
}

const textRefusal = (text: string, { code, message, offset }: InstanceIdentityError): Refusal => {
  const lines = text.slice(0, offset ?? 0).split('\n')
  const column = (lines.at(-1) ?? '').length + 1
  const around = characterText(text.charAt(offset ?? 0))
  return { code, detail: message, offset, place: `line ${lines.length}, column ${column}`, around }
}

/** Why verification refuses the structure of a message; its signature is not checked. */
const structureRefusal = (der: Bytes): Refusal | undefined => {
  const read = attempt(() => readSignedData(der))
  if (!read.ok) {
    const { code, message: detail, offset = 0 } = read.refusal
    return { code, detail, offset, place: `byte ${offset}`, around: hexAround(der, offset) }
  }
  const { content } = read.value
  const document = content && attempt(() => readIdentityDocument(content))
  if (content === undefined || document === undefined || document.ok) return undefined
  const { code, message: detail, offset: at = 0 } = document.refusal
  const offset = content.byteOffset - der.byteOffset + at
  const around = String.fromCharCode(...content.subarray(at, at + TEXT_BYTES))
  return { code, detail, offset, place: `byte ${offset}`, around }
}

/** The bytes of a text before a character: whole groups of four, which are three bytes. */
const bytesBefore = (text: string, end: number): Bytes => {
  const base64 = text.slice(0, end).replaceAll(/-----[^\n]*|[\r\n]/g, '')
  return fromBase64(base64.slice(0, base64.length - (base64.length % 4))) ?? new Uint8Array()
}

const formOf = (text: string): string => {
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1]
  return label === undefined ? 'base64' : `PEM (${label})`
}

const inspectDer = (form: string, bytes: Bytes, refusal: Refusal | undefined): Inspection => {
  const nodes = readDerTree(bytes)
  return {
    form,
    bytes: bytes.length,
    missingBytes: Math.max(0, (nodes[0]?.end ?? 0) - bytes.length),
    message: describeMessage(nodes[0]),
    nodes,
    refusal,
  }
}

/** Inspects a message in any form: DER, base64 or PEM. */
export const inspectMessage = (input: string | Bytes): Inspection => {
  if (typeof input !== 'string') return inspectDer('DER', input, structureRefusal(input))
  const decoded = attempt(() => decodePkcs7(input))
  if (decoded.ok) return inspectDer(formOf(input), decoded.value, structureRefusal(decoded.value))
  const { refusal } = decoded
  const before = bytesBefore(input, refusal.offset ?? 0)
  return inspectDer(formOf(input), before, textRefusal(input, refusal))
}
