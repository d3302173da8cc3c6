// Bytes and their text forms. Every decoder is strict: one text for one value, or `undefined`.

/** Bytes backed by an ordinary buffer, as the Web Cryptography API takes them. */
export type Bytes = Uint8Array<ArrayBuffer>

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

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const BASE64URL = `${BASE64.slice(0, -2)}-_`

/** What the platform decodes; it lets white space and left-over bits pass. */
const decodeLeniently = (text: string): string | undefined => {
  try {
    return atob(text)
  } catch {
    return undefined
  }
}

/** Decodes padded base64 (RFC 4648 section 4) without white space, or gives `undefined`. */
export const fromBase64 = (text: string): Bytes | undefined => {
  const binary = decodeLeniently(text)
  if (binary === undefined || text.length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  // White space inside the text would make the value shorter than the text tells.
  if (binary.length !== (text.length / 4) * 3 - padding) return undefined
  // The bits that a short last group leaves over must be zero, else two texts name one value.
  const leftOver = padding === 0 ? 0 : (1 << (2 * padding)) - 1
  const last = padding === 0 ? 0 : BASE64.indexOf(text.charAt(text.length - padding - 1))
  if ((last & leftOver) !== 0) return undefined
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

/** What {@link BASE64URL_VALUES} has for a character outside the alphabet. */
const NO_VALUE = 0x80

/** The values of the characters of base64url, by their code below 128. */
const BASE64URL_VALUES = /* @__PURE__ */ (() => {
  const values = new Uint8Array(128).fill(NO_VALUE)
  for (let value = 0; value < 64; value++) values[BASE64URL.charCodeAt(value)] = value
  return values
})()

/** Decodes base64url without padding (RFC 4648 section 5), or gives `undefined`. */
export const fromBase64Url = (text: string): Bytes | undefined => {
  if (text.length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  // All codes and all values together: one comparison at the end finds a wrong character anywhere.
  let codes = 0
  let values = 0
  let bits = 0
  let count = 0
  let to = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const value = BASE64URL_VALUES[code & 0x7f] as number
    codes |= code
    values |= value
    bits = (bits << 6) | value
    count += 6
    if (count >= 8) {
      count -= 8
      bytes[to++] = bits >> count
    }
  }
  if (codes >= 0x80 || values >= NO_VALUE) return undefined
  // The bits that a short last group leaves over must be zero, else two texts name one value.
  return (bits & ((1 << count) - 1)) === 0 ? bytes : undefined
}

const BASE64_CODES = /* @__PURE__ */ utf8(BASE64)
const BASE64URL_CODES = /* @__PURE__ */ utf8(BASE64URL)

/** Encodes without padding. The text is made in one go: appending characters takes ten times as long. */
const encode = (bytes: Uint8Array, codes: Uint8Array): string => {
  const { length } = bytes
  const text = new Uint8Array(Math.ceil((length * 4) / 3))
  let to = 0
  let i = 0
  for (; i + 2 < length; i += 3) {
    const bits =
      ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    text[to++] = codes[bits >> 18] as number
    text[to++] = codes[(bits >> 12) & 0x3f] as number
    text[to++] = codes[(bits >> 6) & 0x3f] as number
    text[to++] = codes[bits & 0x3f] as number
  }
  if (i < length) {
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8)
    text[to++] = codes[bits >> 18] as number
    text[to++] = codes[(bits >> 12) & 0x3f] as number
    if (i + 1 < length) text[to] = codes[(bits >> 6) & 0x3f] as number
  }
  return decoder.decode(text)
}

/** Encodes base64 with padding (RFC 4648 section 4). */
export const toBase64 = (bytes: Uint8Array): string =>
  encode(bytes, BASE64_CODES) + '='.repeat((3 - (bytes.length % 3)) % 3)

/** Encodes base64url without padding (RFC 4648 section 5). */
export const toBase64Url = (bytes: Uint8Array): string => encode(bytes, BASE64URL_CODES)

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Encodes lower-case hex; by default all bytes, else those from `start` to before `end`. */
export const toHex = (bytes: Uint8Array, start = 0, end: number = bytes.length): string => {
  let text = ''
  for (let i = start; i < end; i++) text += HEX[bytes[i] as number]
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
