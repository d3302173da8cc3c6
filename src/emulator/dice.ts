// Numbers that look random, and are always the same for the same seed and label.

import { utf8 } from '../base/bytes.ts'

export const DIGITS: string = '0123456789'
export const HEX: string = `${DIGITS}abcdef`
export const ALPHANUMERIC: string = `${DIGITS}abcdefghijklmnopqrstuvwxyz`

/** What draws. */
export interface Dice {
  /** A number from 0 to `bound` - 1; `bound` at most 65,536. */
  below(bound: number): number
  pick(choices: readonly string[]): string
  text(alphabet: string, length: number): string
}

/** A seed, as dice are made from it. */
export const importSeed = (seed: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', utf8(`rollcall-emulator-v1\n${seed}`), 'HKDF', false, [
    'deriveBits',
  ])

const DICE_BYTES = 512

/** Makes dice, good for 512 draws. */
export const createDice = async (seed: CryptoKey, label: string): Promise<Dice> => {
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: utf8(''), info: utf8(label) }
  const bytes = new Uint8Array(await crypto.subtle.deriveBits(hkdf, seed, DICE_BYTES * 8))
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
