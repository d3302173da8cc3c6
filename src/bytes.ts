// Bytes and their text forms. Every decoder is strict: one text for one value, or `undefined`.

/** Bytes backed by an ordinary buffer, as the Web Cryptography API takes them. */
export type Bytes = Uint8Array<ArrayBuffer>

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const INVALID = 255

const decodingTable = (alphabet: string): Uint8Array => {
  const table = new Uint8Array(128).fill(INVALID)
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i
  return table
}

const BASE64_VALUES = decodingTable(BASE64)
const BASE64URL_VALUES = decodingTable(BASE64URL)

const encoder = new TextEncoder()
// `ignoreBOM` keeps a byte order mark as a character, so that it is refused instead of dropped.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The UTF-8 bytes of a text. */
export const utf8 = (text: string): Bytes => encoder.encode(text)

/** The text of UTF-8 bytes, or `undefined` if they are not UTF-8. A byte order mark is kept. */
export const fromUtf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Decodes `length` characters of an alphabet; the last group of four may be short. */
const decode = (text: string, length: number, values: Uint8Array): Bytes | undefined => {
  const rest = length & 3
  if (rest === 1) return undefined
  const valueAt = (at: number): number => values[text.charCodeAt(at)] ?? INVALID
  const bytes = new Uint8Array((length * 3) >> 2)
  const whole = length - rest
  let out = 0
  for (let i = 0; i < whole; i += 4) {
    const a = valueAt(i)
    const b = valueAt(i + 1)
    const c = valueAt(i + 2)
    const d = valueAt(i + 3)
    if ((a | b | c | d) > 63) return undefined
    bytes[out] = (a << 2) | (b >> 4)
    bytes[out + 1] = (b << 4) | (c >> 2)
    bytes[out + 2] = (c << 6) | d
    out += 3
  }
  if (rest === 0) return bytes
  // The bits that a short last group leaves over must be zero, else two texts name one value.
  const a = valueAt(whole)
  const b = valueAt(whole + 1)
  const c = rest === 3 ? valueAt(whole + 2) : 0
  if ((a | b | c) > 63 || ((rest === 3 ? c << 6 : b << 4) & 0xff) !== 0) return undefined
  bytes[out] = (a << 2) | (b >> 4)
  if (rest === 3) bytes[out + 1] = (b << 4) | (c >> 2)
  return bytes
}

/** Decodes padded base64 (RFC 4648 section 4) without white space, or gives `undefined`. */
export const fromBase64 = (text: string): Bytes | undefined => {
  if (text.length % 4 !== 0) return undefined
  let length = text.length
  if (text.endsWith('==')) length -= 2
  else if (text.endsWith('=')) length -= 1
  return decode(text, length, BASE64_VALUES)
}

/** Decodes base64url without padding (RFC 4648 section 5), or gives `undefined`. */
export const fromBase64Url = (text: string): Bytes | undefined =>
  decode(text, text.length, BASE64URL_VALUES)

const encode = (bytes: Uint8Array, alphabet: string): string => {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63)
    if (left > 1) text += alphabet.charAt((group >> 6) & 63)
    if (left > 2) text += alphabet.charAt(group & 63)
  }
  return text
}

/** Encodes base64 with padding (RFC 4648 section 4). */
export const toBase64 = (bytes: Uint8Array): string => {
  const text = encode(bytes, BASE64)
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** Encodes base64url without padding (RFC 4648 section 5). */
export const toBase64Url = (bytes: Uint8Array): string => encode(bytes, BASE64URL)

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Encodes lower-case hex. */
export const toHex = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/** Joins byte arrays into a new one. */
export const concatBytes = (...parts: readonly Uint8Array[]): Bytes => {
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/**
 * Compares bytes in a time that depends on their lengths only, so that a MAC can be compared
 * without telling how much of a guess was right.
 */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}
