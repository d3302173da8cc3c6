// Parsers of simple values. A message says what is wrong and what to write instead, and holds no secret.

import { type Bytes, fromBase64Url } from '../base/bytes.ts'
import { ConfigurationError, InstanceIdentityError } from '../base/errors.ts'
import { accept, refuse } from '../base/result.ts'
import { CHALLENGE_KEY_BYTES } from '../enroll/challenge-keys.ts'
import type { Parsed, RuntimeOptions } from './variable.ts'

/** A value for a message. Only a short one is shown: a long one may be a key in the wrong variable. */
const shown = (text: string): string =>
  /^[\x20-\x7e]{1,16}$/.test(text) ? JSON.stringify(text) : 'the value'

/** Reads a whole number of at most nine digits. */
export const parseInteger =
  (min: number, max: number) =>
  (text: string): Parsed<number> => {
    const value = Number(text)
    return /^[0-9]{1,9}$/.test(text) && value >= min && value <= max
      ? accept(value)
      : refuse([`${shown(text)} is not a whole number from ${min} to ${max}`])
  }

/** Reads `true` or `false`. */
export const parseBoolean = (text: string): Parsed<boolean> =>
  text === 'true' || text === 'false'
    ? accept(text === 'true')
    : refuse([`${shown(text)} is neither true nor false`])

/** Reads the address or the name of a host. */
export const parseHost = (text: string): Parsed<string> =>
  /^[A-Za-z0-9.:-]+$/.test(text)
    ? accept(text)
    : refuse([`${shown(text)} is neither an address nor a host name`])

/** Reads keys of 32 bytes in base64url, with commas between them. */
export const parseChallengeKeys = (text: string): Parsed<readonly Bytes[]> => {
  const keys = text.split(',').map((part) => fromBase64Url(part.trim()))
  const wrong = keys.findIndex((key) => key?.length !== CHALLENGE_KEY_BYTES)
  return wrong < 0
    ? accept(keys as Bytes[])
    : refuse([
        `key ${wrong + 1} is not ${CHALLENGE_KEY_BYTES} bytes in base64url; separate keys by commas`,
      ])
}

/** Makes a parser of one that throws what the library's public parsers throw. */
export const caught =
  <Value>(parse: (text: string, runtime: RuntimeOptions) => Value | Promise<Value>) =>
  async (text: string, runtime: RuntimeOptions): Promise<Parsed<Value>> => {
    try {
      return accept(await parse(text, runtime))
    } catch (error) {
      if (error instanceof ConfigurationError) return refuse(error.problems)
      if (error instanceof InstanceIdentityError) return refuse([`${error.code}: ${error.message}`])
      throw error
    }
  }
