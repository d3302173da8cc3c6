// Gets the keys of an issuer: its discovery document (OpenID Connect Discovery 1.0), then its JWKS (RFC 7517). Both
// come from the issuer's own origin, in bounded size and time, and no redirect is followed.

import { fromUtf8 } from '../base/bytes.ts'
import { parseUniqueJson } from '../base/json.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { type Timer, limited, readBytes } from '../base/timing.ts'
import { type PublicKey, loadPublicKey } from '../token/public-key.ts'
import type { KeyFetch } from './options.ts'
import { parseUrl } from '../base/url.ts'

/** Limit of both calls together, in seconds. */
export const FETCH_SECONDS = 5
const MAX_BYTES = 65_536

/** Why there are no keys, and the error of the platform, if one caused it. */
export interface NoKeys {
  readonly detail: string
  readonly cause?: unknown
}

type Members = Readonly<Record<string, unknown>>

const getJson = async (
  fetch: KeyFetch,
  url: string,
  signal: AbortSignal,
): Promise<Result<Members, NoKeys>> => {
  const headers = { Accept: 'application/json' }
  const response = await fetch(url, { headers, redirect: 'manual', signal })
  if (response.status !== 200) {
    void response.body?.cancel().catch(() => undefined)
    return refuse({ detail: `${url} answered ${response.status}; expected 200` })
  }
  const bytes = await readBytes(response.body, MAX_BYTES)
  if (bytes === undefined) return refuse({ detail: `${url} answered more than 64 KiB` })
  const parsed = parseUniqueJson(fromUtf8(bytes) ?? '')
  return parsed.ok && typeof parsed.value === 'object' && parsed.value !== null
    ? accept(parsed.value as Members)
    : refuse({ detail: `${url} did not answer with a JSON object with unique members` })
}

const discover = async (
  issuer: string,
  fetch: KeyFetch,
  signal: AbortSignal,
): Promise<Result<readonly PublicKey[], NoKeys>> => {
  const document = await getJson(fetch, `${issuer}/.well-known/openid-configuration`, signal)
  if (!document.ok) return document
  if (document.value['issuer'] !== issuer) {
    return refuse({ detail: `the discovery document names another issuer than ${issuer}` })
  }
  const uri = document.value['jwks_uri']
  // The same origin: who can write this document could otherwise have us call any address.
  if (typeof uri !== 'string' || parseUrl(uri)?.origin !== issuer) {
    return refuse({ detail: `"jwks_uri" of the discovery document is not below ${issuer}` })
  }
  const set = await getJson(fetch, uri, signal)
  if (!set.ok) return set
  const { keys: list } = set.value
  const loaded = await Promise.all((Array.isArray(list) ? list : []).map(loadPublicKey))
  // A key of a type that this release does not know is left out (RFC 7517 section 5).
  const keys = loaded.flatMap((key) => (key.ok ? [key.value] : []))
  return keys.length > 0
    ? accept(keys)
    : refuse({ detail: `${uri} has no key of P-256, RSA or Ed25519` })
}

/**
 * Gets the keys of an issuer. Never throws.
 * @param timer default: the platform's
 */
export const discoverKeys = async (
  issuer: string,
  fetch: KeyFetch,
  timer?: Timer,
): Promise<Result<readonly PublicKey[], NoKeys>> => {
  try {
    return await limited({ seconds: FETCH_SECONDS, timer }, (signal) =>
      discover(issuer, fetch, signal),
    )
  } catch (cause) {
    return refuse({ detail: `${issuer} is unreachable`, cause })
  }
}
