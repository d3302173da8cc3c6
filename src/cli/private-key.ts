// A private key from a file: a JWK, or a JWKS with one key.

import { ConfigurationError } from '../base/errors.ts'
import { type PrivateKey, parsePrivateKey } from '../client/index.ts'
import { usageError } from './command-error.ts'
import { readNamedFile } from './named-file.ts'
import { warnOfFile } from './open-to-others.ts'

/**
 * Loads the key.
 * @param name the option that names the file
 * @param hint how to get such a file
 * @throws CommandError
 */
export const loadPrivateKey = async (
  path: string,
  name: string,
  hint: string,
): Promise<PrivateKey> => {
  const json = await readNamedFile(path, name)
  warnOfFile(path)
  try {
    return await parsePrivateKey(json)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const problems = error.problems.map((problem) => `  - ${problem}`).join('\n')
    throw usageError(`${name}: ${path} is not a private JWK or JWKS; ${hint}:\n${problems}`)
  }
}
