// A private key from a file: a JWK, or a JWKS with one key.

import { ConfigurationError } from '../base/errors.ts'
import { type PrivateKey, parsePrivateKey } from '../client/index.ts'
import { usageError } from './command-error.ts'
import { readNamedFile } from './named-file.ts'
import { warnOfFile } from './open-to-others.ts'

/** A key, and the text of its file. */
export interface KeyFile {
  readonly text: string
  readonly key: PrivateKey
}

/**
 * Reads the file of a key. It does not warn: `warnOfFile()` advises a chmod, so it is called once the key is known to be
 * the right one.
 * @param name the option that names the file
 * @param hint how to get such a file
 * @throws CommandError
 */
export const readKeyFile = async (path: string, name: string, hint: string): Promise<KeyFile> => {
  const text = await readNamedFile(path, name)
  try {
    return { text, key: await parsePrivateKey(text) }
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const problems = error.problems.map((problem) => `  - ${problem}`).join('\n')
    throw usageError(`${name}: ${path} is not a private JWK or JWKS; ${hint}:\n${problems}`)
  }
}

/**
 * Loads the key of an operator, and warns if other users can read its file.
 * @throws CommandError, also for the key of an instance
 */
export const loadPrivateKey = async (
  path: string,
  name: string,
  hint: string,
): Promise<PrivateKey> => {
  const { key } = await readKeyFile(path, name, hint)
  if (key.instance !== undefined) {
    const { instanceId } = key.instance
    throw usageError(
      `${name}: ${path} is the key of instance ${instanceId}; expected an operator's`,
    )
  }
  warnOfFile(path)
  return key
}
