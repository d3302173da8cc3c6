// Authenticates relying parties: each call needs a new client assertion (RFC 7521 section 4.2), which is used up once it
// was verified.

import { type Result, accept, refuse } from '../base/result.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { spendOnce } from '../ledger/spend-once.ts'
import {
  CLIENT_ASSERTION_TYPE,
  type ClientAssertionRefusal,
  verifyClientAssertion,
} from '../token/client-assertion.ts'
import type { RelyingPartyKey } from '../token/relying-party-keys.ts'

/** What relying parties are authenticated with. */
export interface ClientAuthenticationOptions {
  readonly issuer: string
  readonly ledger: Ledger
  /** Public keys; not empty. */
  readonly relyingPartyKeys: readonly RelyingPartyKey[]
}

/** The parameters by which a client shows who it is (RFC 7521 section 4.2). */
export interface ClientCredentials {
  readonly client_assertion_type?: string | undefined
  readonly client_assertion?: string | undefined
  /** If it is there, it must be the name of the key. */
  readonly client_id?: string | undefined
}

/** A relying party whose assertion was accepted. */
export interface RelyingParty {
  /** The name of its key. */
  readonly name: string
  /** RFC 7638 thumbprint of the key that signed. */
  readonly kid: string
  /** It learns of tokens for one of these. */
  readonly audiences: readonly string[]
}

/** Why an assertion is refused; codes for the audit event. */
export type ClientRefusal =
  /** One of the two parameters is missing, or the type is another. */
  | 'client_assertion_missing'
  /** Its form, key or signature is wrong, a claim is missing, or it is older than the ledger. */
  | 'client_assertion_invalid'
  | 'client_assertion_for_another_service'
  | 'client_assertion_not_in_time'
  | 'client_assertion_used'
  /** `iss`, `sub` or `client_id` is not the name of the key. */
  | 'client_name_mismatch'

/** A refusal, with the relying party and its key once the signature was verified. */
export interface RefusedClient extends Partial<Pick<RelyingParty, 'name' | 'kid'>> {
  readonly reason: ClientRefusal
}

const REASONS: Readonly<Record<ClientAssertionRefusal, ClientRefusal>> = {
  malformed: 'client_assertion_invalid',
  key_refused: 'client_assertion_invalid',
  signature_invalid: 'client_assertion_invalid',
  claims_incomplete: 'client_assertion_invalid',
  name_mismatch: 'client_name_mismatch',
  audience_mismatch: 'client_assertion_for_another_service',
  not_in_time: 'client_assertion_not_in_time',
}

/**
 * Authenticates a relying party, and uses its assertion up.
 * @param now Unix seconds
 * @throws LedgerUnavailableError
 */
export const authenticateClient = async (
  { issuer, ledger, relyingPartyKeys }: ClientAuthenticationOptions,
  { client_assertion_type: type, client_assertion: assertion, client_id: id }: ClientCredentials,
  now: number,
): Promise<Result<RelyingParty, RefusedClient>> => {
  if (type !== CLIENT_ASSERTION_TYPE || assertion === undefined) {
    return refuse({ reason: 'client_assertion_missing' })
  }
  const verified = await verifyClientAssertion(relyingPartyKeys, issuer, assertion, now)
  if (!verified.ok) {
    const { reason, key } = verified.refusal
    const known = key === undefined ? {} : { name: key.name, kid: key.thumbprint }
    return refuse({ ...known, reason: REASONS[reason] })
  }
  const { key, jti, iat: madeAt, outlivedAt: expiresAt } = verified.value
  const { name, audiences, thumbprint: kid } = key
  const no = (reason: ClientRefusal): Result<never, RefusedClient> => refuse({ reason, name, kid })
  if (id !== undefined && id !== name) return no('client_name_mismatch')
  const spent = await spendOnce(ledger, { key: `client:${kid} ${jti}`, madeAt, expiresAt }, now)
  if (spent === 'used') return no('client_assertion_used')
  return spent === 'forgotten' ? no('client_assertion_invalid') : accept({ name, kid, audiences })
}
