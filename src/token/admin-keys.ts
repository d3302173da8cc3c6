// The public keys of operators: a JWKS without any private key.

import { ConfigurationError } from '../errors.ts'
import { type PublicKey, holdsSecret, loadPublicKey } from './public-key.ts'
import { type SigningKeys, parseKeySet } from './signing-keys.ts'

/**
 * Reads the keys of operators.
 * @param json the set as text or parsed
 * @throws ConfigurationError with one line for each problem; none holds a part of a key
 */
export const parseAdminKeys = async (json: unknown): Promise<readonly PublicKey[]> => {
  const problems: string[] = []
  const keys: PublicKey[] = []
  for (const [index, input] of parseKeySet(json).entries()) {
    const secret = typeof input === 'object' && input !== null && holdsSecret(input)
    const key = secret ? 'a private key: give the public ones only' : await loadPublicKey(input)
    if (typeof key === 'string') problems.push(`keys.${index}: ${key}`)
    else if (keys.some(({ thumbprint }) => thumbprint === key.thumbprint)) {
      problems.push(`keys.${index}: the same key is there twice`)
    } else keys.push(key)
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
  return keys
}

/** Whether a key of operators is one that signs tokens, with which they could be confused. */
export const sharesKey = (
  adminKeys: readonly PublicKey[],
  { publicKeys }: Pick<SigningKeys, 'publicKeys'>,
): boolean =>
  adminKeys.some((admin) => publicKeys.some((signing) => signing.thumbprint === admin.thumbprint))
