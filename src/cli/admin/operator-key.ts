// The operator's private key, read from a file, and the operator's name.

import { hostname, userInfo } from 'node:os'
import type { Signer } from '../../token/jws.ts'
import { OPERATOR_NAME_PATTERN } from '../../token/admin-keys.ts'
import { loadPrivateKey } from '../private-key.ts'
import { thisRun } from '../run.ts'

const MAX_NAME_LENGTH = 128

/** What an operator signs with. */
export interface OperatorKey {
  readonly signer: Signer
  /** The name that `keygen --name` wrote into the file. */
  readonly name: string | undefined
}

/**
 * Loads the private key that an operator signs with: a JWK, or a JWKS whose first key it is.
 * @throws CommandError
 */
export const loadOperatorKey = async (path: string): Promise<OperatorKey> => {
  const { signer, name } = await loadPrivateKey(path, '--key', '`rollcall admin keygen` makes one')
  return {
    signer,
    name: typeof name === 'string' && OPERATOR_NAME_PATTERN.test(name) ? name : undefined,
  }
}

const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    // A user without an entry of its own, as in many containers.
    return thisRun().env['USER'] ?? `uid-${process.getuid?.() ?? 'unknown'}`
  }
}

/** The operator's name in tokens and audit events if neither an option nor the key gives one: `user@host`. */
export const defaultOperatorName = (): string =>
  `${userName()}@${hostname()}`.replaceAll(/[^!-~]/g, '_').slice(0, MAX_NAME_LENGTH)
