// The operator's private key, read from a file, and the name that the operator goes by.

import { readFile, stat } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { parseUniqueJson } from '../../codec/json.ts'
import { ConfigurationError } from '../../errors.ts'
import type { Signer } from '../../token/jws.ts'
import { parseSigningKeys } from '../../token/signing-keys.ts'
import { looksSecret, say, usageError } from '../exit-status.ts'

const OTHERS = 0o077
const MAX_NAME_LENGTH = 128

/** Reads a file that was named on the command line. @throws CommandError */
export const readNamedFile = async (path: string, option: string): Promise<string> => {
  if (looksSecret(path)) {
    throw usageError(
      `${option} takes the path of a file, not what is in it: arguments can be seen by others. ` +
        'Take what you typed for known, and make a new one',
    )
  }
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw usageError(`${option}: cannot read ${path} (${error.code ?? error.name})`)
  })
}

/** A JWK alone is a set of one. */
const asKeySet = (json: string): unknown => {
  const parsed = parseUniqueJson(json)
  const value = 'value' in parsed ? parsed.value : undefined
  return typeof value === 'object' && value !== null && 'kty' in value ? { keys: [value] } : json
}

/**
 * Loads the private key that an operator signs with: a JWK, or a JWKS whose first key it is.
 * @throws CommandError
 */
export const loadOperatorKey = async (path: string): Promise<Signer> => {
  const json = await readNamedFile(path, '--key')
  const { mode } = await stat(path)
  if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
    say(`warning: others than you may use ${path}; chmod 600 it`)
  }
  try {
    return (await parseSigningKeys(asKeySet(json))).signer
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const problems = error.problems.map((problem) => `  - ${problem}`).join('\n')
    throw usageError(
      `--key: ${path} is not a private JWK or JWKS; \`rollcall admin keygen\` makes one:\n${problems}`,
    )
  }
}

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
