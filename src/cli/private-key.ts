// A private key from a file: a JWK, or a JWKS whose first key it is.

import { stat } from 'node:fs/promises'
import { parseUniqueJson } from '../base/json.ts'
import { ConfigurationError } from '../base/errors.ts'
import { type SigningKeys, parseSigningKeys } from '../token/signing-keys.ts'
import { say, usageError } from './exit-status.ts'
import { readNamedFile } from './named-file.ts'
import { inFolder } from './run.ts'

const OTHERS = 0o077

/** The keys of a file; a JWK alone is a set of one. */
const asKeySet = (json: string): unknown => {
  const parsed = parseUniqueJson(json)
  const value = parsed.ok ? parsed.value : undefined
  return typeof value === 'object' && value !== null && 'kty' in value ? { keys: [value] } : value
}

/** A private key, and what its file says beside it. */
export interface PrivateKey extends SigningKeys {
  /** The member `name` of the key, as the file has it. */
  readonly name: unknown
}

/**
 * Loads the key.
 * @param name of the option that names the file
 * @param hint how to come by such a file
 * @throws CommandError
 */
export const loadPrivateKey = async (
  path: string,
  name: string,
  hint: string,
): Promise<PrivateKey> => {
  const json = await readNamedFile(path, name)
  const { mode } = await stat(inFolder(path))
  if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
    say(`warning: others than you may use ${path}; chmod 600 it`)
  }
  try {
    const set = asKeySet(json)
    const keys = await parseSigningKeys(set)
    const [first] = (set as { readonly keys: readonly { readonly name?: unknown }[] }).keys
    return { ...keys, name: first?.name }
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const problems = error.problems.map((problem) => `  - ${problem}`).join('\n')
    throw usageError(`${name}: ${path} is not a private JWK or JWKS; ${hint}:\n${problems}`)
  }
}
