// The public key that verifies a token, from the JWKS of its issuer.

import { type JsonWebKey, type KeyObject, createPublicKey } from 'node:crypto'
import { limited, readBytes } from '../../base/timing.ts'
import { noAnswer } from '../../client/no-answer.ts'
import { readUnverified } from '../../token/unverified.ts'
import { CommandError, usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { fetchFor } from '../proxy/proxied-fetch.ts'
import { thisRun } from '../run.ts'

const SECONDS = 10
const MAX_BYTES = 65_536

const unavailable = (url: string, why: string): CommandError =>
  new CommandError(EXIT.unavailable, `the keys of the issuer are not available: ${url}: ${why}`)

const readKeys = async (url: string, issuer: string): Promise<readonly JsonWebKey[]> => {
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
    const { keys } = JSON.parse(text) as { keys: readonly JsonWebKey[] }
    if (Array.isArray(keys)) return keys
  } catch {
    // Falls through to the error.
  }
  throw unavailable(url, 'the answer is not a JWKS')
}

/**
 * The public key of a token.
 * @throws CommandError if the keys are not available, or none has the `kid` of the token
 */
export const issuerKey = async (issuer: string, token: string): Promise<KeyObject> => {
  const url = `${issuer}/.well-known/jwks.json`
  const kid = readUnverified(token)?.header['kid']
  const key = (await readKeys(url, issuer)).find((it) => it['kid'] === kid)
  if (key === undefined) {
    throw usageError(`--token: ${url} has no key of this token; get a new token of ${issuer}`)
  }
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    throw unavailable(url, 'the key of the token is not a public JWK')
  }
}
