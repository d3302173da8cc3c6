// The answer to an introspection (RFC 7662 section 2.2), the same for operators and relying parties.

import type { SentAnswer } from '../../base/wire/answers.ts'
import { type IntrospectionOptions, introspect } from '../../operate/introspect.ts'
import type { Facts } from '../audit.ts'
import { shownTokenFacts } from '../token-facts.ts'

/** An answer, and what its audit event says of an active token. */
export interface Introspected {
  readonly body: SentAnswer<'Introspection'>
  readonly facts: Facts
}

/**
 * Introspects a token. All claims of an active one are shown, since the caller has the token; of any other token the
 * answer says nothing, not even why (section 4).
 * @param now Unix seconds
 * @throws LedgerUnavailableError
 */
export const introspected = async (
  options: IntrospectionOptions,
  token: string,
  now: number,
): Promise<Introspected> => {
  const active = await introspect(options, token, now)
  if (!active.ok) return { body: { active: false }, facts: {} }
  const claims = active.value
  // RFC 9449 section 6.2
  const type = claims.cnf === undefined ? 'Bearer' : 'DPoP'
  return {
    body: { active: true, token_type: type, ...claims },
    facts: shownTokenFacts(claims),
  }
}
