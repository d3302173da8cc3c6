// The operator's private key, read from a file, and the name that the operator goes by.

import { hostname, userInfo } from 'node:os'
import type { Signer } from '../../token/jws.ts'
import { loadPrivateKey } from '../private-key.ts'

const MAX_NAME_LENGTH = 128

/**
 * Loads the private key that an operator signs with: a JWK, or a JWKS whose first key it is.
 * @throws CommandError
 */
export const loadOperatorKey = async (path: string): Promise<Signer> =>
  (await loadPrivateKey(path, '--key', '`rollcall admin keygen` makes one')).signer

const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    // A user without an entry of its own, as in many containers.
    return process.env['USER'] ?? `uid-${process.getuid?.() ?? 'unknown'}`
  }
}

/** What an operator is called in tokens and audit events if nothing else was said: `user@host`. */
export const defaultOperatorName = (): string =>
  `${userName()}@${hostname()}`.replaceAll(/[^!-~]/g, '_').slice(0, MAX_NAME_LENGTH)
