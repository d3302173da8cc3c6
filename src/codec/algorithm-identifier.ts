// AlgorithmIdentifier (RFC 5280 section 4.1.1.2) as this evidence uses it: parameters are NULL or
// absent. No table of algorithms: which ones are accepted is decided in verification.

import {
  type DerReader,
  TAG,
  atEnd,
  errorAt,
  nextIs,
  readContents,
  readInside,
  readOid,
} from './der.ts'

/**
 * Reads an AlgorithmIdentifier and gives its object identifier in the form of `readOid`.
 * @throws InstanceIdentityError `malformed_der`; `unsupported_algorithm` for any parameters other
 *   than NULL (PSS and elliptic curves have some)
 */
export const readAlgorithmIdentifier = (reader: DerReader): string => {
  const inside = readInside(reader, TAG.sequence)
  const algorithm = readOid(inside)
  if (atEnd(inside)) return algorithm
  const at = inside.offset
  if (nextIs(inside, TAG.null) && readContents(inside, TAG.null).length === 0 && atEnd(inside)) {
    return algorithm
  }
  throw errorAt(inside, at, 'unsupported_algorithm', 'algorithm parameters other than NULL or none')
}
