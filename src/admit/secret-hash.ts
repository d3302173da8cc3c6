// Secrets that are configured by their hash, so that no configuration holds one.

import { equalBytes, toHex, utf8 } from '../base/bytes.ts'
import { sha256 } from '../base/sha256.ts'

/**
 * Makes a comparison of one secret with configured hashes. The secret is hashed first, and hashes are compared in constant
 * time, so the time of an answer does not tell how much of a guess was right.
 * @param secret what a caller shows
 * @returns whether a SHA-256 in lower-case hex is the secret's
 */
export const matchesSecret = (secret: string): ((hash: string) => boolean) => {
  const own = utf8(toHex(sha256(utf8(secret))))
  return (hash) => equalBytes(utf8(hash), own)
}
