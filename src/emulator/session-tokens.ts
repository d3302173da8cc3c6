// The tokens of hardened mode. Each is valid for one instance until it expires.

import { toBase64Url } from '../base/bytes.ts'

const MAX_TTL_SECONDS = 21_600
const TOKEN_BYTES = 32

/** The tokens that a metadata service has issued. */
export interface SessionTokens {
  /** Makes a token. */
  issue(instanceId: string, ttlSeconds: number): string
  /**
   * Uses a token for one read.
   * @returns whether the token belongs to this instance and has not expired
   */
  use(instanceId: string, token: string): boolean
}

/**
 * @param clock gives Unix seconds
 * @param uses how many reads a token is valid for. Default: any number
 */
export const createSessionTokens = (
  clock: () => number,
  uses: number = Number.POSITIVE_INFINITY,
): SessionTokens => {
  const issued = new Map<
    string,
    { readonly instanceId: string; readonly expiresAt: number; left: number }
  >()
  return {
    issue(instanceId, ttlSeconds) {
      const now = clock()
      for (const [token, { expiresAt }] of issued) if (expiresAt <= now) issued.delete(token)
      const token = toBase64Url(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)))
      issued.set(token, { instanceId, expiresAt: now + ttlSeconds, left: uses })
      return token
    },
    use(instanceId, token) {
      const known = issued.get(token)
      return known?.instanceId === instanceId && clock() < known.expiresAt && known.left-- > 0
    },
  }
}

/** Reads the requested lifetime in seconds; `undefined` unless it is from 1 to 21,600. */
export const parseTtl = (header: string | null): number | undefined => {
  const seconds = /^[0-9]{1,5}$/.test(header ?? '') ? Number(header) : 0
  return seconds >= 1 && seconds <= MAX_TTL_SECONDS ? seconds : undefined
}
