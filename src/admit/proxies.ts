// Proxies that ask `/v1/authorize` for others. A secret that only one proxy knows proves which proxy asks; the
// configuration says at which origin clients reach it, so that no header of a client decides that.

import { matchesSecret } from './secret-hash.ts'

/** A proxy that may ask about bound tokens. */
export interface TrustedProxy {
  /** What audit events call it. */
  readonly name: string
  /** Where clients reach it, `https://HOST[:PORT]`: the beginning of `htu` in their proofs. */
  readonly origin: string
  /** SHA-256 of its secret, lower-case hex. */
  readonly secretSha256: string
  /** The audiences that it may ask for; not empty. */
  readonly audiences: readonly string[]
}

/**
 * Finds the proxy that has a secret.
 * @param secret the value of the header `X-Rollcall-Proxy`; two of them joined by a comma are the secret of no proxy
 */
export const findProxy = (
  proxies: readonly TrustedProxy[],
  secret: string | undefined,
): TrustedProxy | undefined => {
  if (secret === undefined) return undefined
  const matches = matchesSecret(secret)
  return proxies.find(({ secretSha256 }) => matches(secretSha256))
}
