// Numbers that look random. The same seed and label always give the same numbers.

import { utf8 } from '../base/bytes.ts'

/** Alphabets for {@link SeededRandom.text}. */
export const DIGITS: string = '0123456789'
export const HEX: string = `${DIGITS}abcdef`
export const ALPHANUMERIC: string = `${DIGITS}abcdefghijklmnopqrstuvwxyz`

/** A source of such numbers. It has 512 bytes. */
export interface SeededRandom {
  /** A number from 0 to `bound` - 1; `bound` at most 65,536. */
  below(bound: number): number
  /** One of the choices. */
  pick(choices: readonly string[]): string
  /** A text of `length` characters of the alphabet. */
  text(alphabet: string, length: number): string
}

/** Imports a seed as the HKDF key (RFC 5869) from which all numbers are derived. */
export const importSeed = (seed: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', utf8(`rollcall-emulator-v1\n${seed}`), 'HKDF', false, [
    'deriveBits',
  ])

const RANDOM_BYTES = 512

/** Creates the source for one label. A draw takes one byte, or two if its bound is above 256. */
export const createSeededRandom = async (seed: CryptoKey, label: string): Promise<SeededRandom> => {
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: utf8(''), info: utf8(label) }
  const bytes = new Uint8Array(await crypto.subtle.deriveBits(hkdf, seed, RANDOM_BYTES * 8))
  let at = 0
  const byte = (): number => bytes[at++] as number
  const below = (bound: number): number => (bound > 256 ? byte() * 256 + byte() : byte()) % bound
  return {
    below,
    pick: (choices) => choices[below(choices.length)] as string,
    text: (alphabet, length) =>
      Array.from({ length }, () => alphabet[below(alphabet.length)]).join(''),
  }
}
