// The public keys of an issuer, and the one that verifies a token.

import { type JsonWebKey, type KeyObject, createPublicKey } from 'node:crypto'
import { limited, readBytes } from '../../base/timing.ts'
import { noAnswer } from '../../client/no-answer.ts'
import { keyByThumbprint, openJws } from '../../token/jws.ts'
import { type PublicKey, readPublicKey } from '../../token/public-key.ts'
import { CommandError, usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { fetchFor } from '../proxy/proxied-fetch.ts'
import { thisRun } from '../run.ts'

const SECONDS = 10
const MAX_BYTES = 65_536

const unavailable = (url: string, why: string): CommandError =>
  new CommandError(EXIT.unavailable, `the keys of the issuer are not available: ${url}: ${why}`)

const fetchKeys = async (url: string, issuer: string): Promise<readonly unknown[]> => {
  const { signal, timing } = thisRun()
  const call = (await fetchFor(issuer)) ?? fetch
  let text: string
  try {
    text = await limited({ seconds: SECONDS, signal }, async (stopped) => {
      const answer = await call(url, { redirect: 'error', signal: stopped })
      if (answer.status !== 200) throw unavailable(url, `the answer was ${answer.status}, not 200`)
      const bytes = await readBytes(answer.body, MAX_BYTES)
      if (bytes === undefined) throw unavailable(url, `more than ${MAX_BYTES} bytes`)
      return new TextDecoder().decode(bytes)
    })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof CommandError) throw error
    const { detail, remedy } = noAnswer(error, {
      url,
      timeoutSeconds: SECONDS,
      now: timing.now(),
    })
    throw unavailable(url, `${detail}; ${remedy}`)
  }
  try {
    const { keys } = JSON.parse(text) as { keys: readonly unknown[] }
    if (Array.isArray(keys)) return keys
  } catch {
    // Falls through to the error.
  }
  throw unavailable(url, 'the answer is not a JWKS')
}

/** The published keys of an issuer. */
export interface IssuerKeys {
  /** Where they are. */
  readonly url: string
  readonly keys: readonly PublicKey[]
}

/** Fetches the published keys of an issuer. @throws CommandError if they are not available */
export const fetchIssuerKeys = async (issuer: string): Promise<IssuerKeys> => {
  const url = `${issuer}/.well-known/jwks.json`
  const read = (await fetchKeys(url, issuer)).map(readPublicKey)
  return { url, keys: read.flatMap((key) => (key.ok ? [key.value] : [])) }
}

/**
 * Verifies who made a token: it has the `typ` of enrollment tokens, and a signature by one of the keys.
 * @param option the option that named its file, for the message
 * @returns the key
 * @throws CommandError if no key verifies it
 */
export const verifyMaker = async (
  token: string,
  option: string,
  { url, keys }: IssuerKeys,
): Promise<KeyObject> => {
  const find = keyByThumbprint(keys)
  let found: PublicKey | undefined
  const opened = await openJws(token, 'JWT', (header) => (found = find(header)))
  if (!opened.ok || found === undefined) {
    throw usageError(`${option}: no key of ${url} verifies it; give a token of this issuer`)
  }
  return createPublicKey({ key: found.jwk as JsonWebKey, format: 'jwk' })
}
