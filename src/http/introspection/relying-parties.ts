// `POST /v1/introspect` for relying parties: each shows who it is by a client assertion (RFC 7521 section 4.2), and
// learns of tokens for its own audiences. Beside operators' calls, a request with `Authorization` is an operator's.

import type { Context, Hono } from 'hono'
import { accept, refuse } from '../../base/result.ts'
import { OPERATOR_CALLS } from '../../base/wire/operator-calls.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import {
  type ClientRefusal,
  type RefusedClient,
  type RelyingParty,
  authenticateClient,
} from '../../operate/authenticate-client.ts'
import type { RelyingPartyKey } from '../../token/relying-party-keys.ts'
import type { PublishedKeys } from '../../token/signing-keys.ts'
import type { Facts } from '../audit.ts'
import {
  type AppSettings,
  type Env,
  type Outcome,
  answering,
  failureOf,
  refusedOAuthRequest,
} from '../audited.ts'
import { jsonContent } from '../content.ts'
import { inHand, readOAuthRequest } from '../request/read-request.ts'
import { ClientIntrospectRequest } from '../request/schemas.ts'
import { introspected } from './introspected.ts'

/** What introspection by relying parties works on. */
export interface RelyingPartyOptions {
  /** Where state is stored; the ledger of the enroller. */
  readonly ledger: Ledger
  /** Public keys of relying parties; not empty, and none that signs tokens or is an operator's. */
  readonly relyingPartyKeys: readonly RelyingPartyKey[]
}

/** What the client reads. Only a holder of a known key gets another text than the first two. */
const DESCRIPTIONS: Readonly<Record<ClientRefusal, string>> = {
  client_assertion_missing:
    'The request has no client assertion; send client_assertion_type and client_assertion (RFC 7523)',
  client_assertion_invalid:
    'The client assertion has an unknown key, a wrong signature or a missing claim',
  client_assertion_for_another_service:
    'The aud of the client assertion must be the issuer of this service, as one text',
  client_assertion_not_in_time:
    'The client assertion is not valid now or lives more than 60 seconds; check the clock',
  client_assertion_used: 'The client assertion was used before; make a new one for each call',
  client_name_mismatch: 'The iss, sub and client_id must be the name of the key',
}

const factsOf = ({ name, kid }: RefusedClient | RelyingParty): Facts => ({
  client: name,
  clientKid: kid,
})

/**
 * Adds the call to an app.
 * @param besideOperators whether operators have the same address: their route must be added after this one
 */
export const addRelyingParties = (
  app: Hono<Env>,
  settings: AppSettings,
  options: RelyingPartyOptions & { readonly published: PublishedKeys },
  besideOperators: boolean,
): void => {
  const { issuer, clock } = settings
  const { ledger, relyingPartyKeys, published } = options

  const outcome = async (context: Context<Env>): Promise<Outcome> => {
    const read = await readOAuthRequest(inHand(context), ClientIntrospectRequest, settings)
    if (!read.ok) return refusedOAuthRequest(read.refusal)
    const { token, ...credentials } = read.value
    const hasHeader = context.req.header('Authorization') !== undefined
    if (hasHeader && credentials.client_assertion !== undefined) {
      const title = 'Send an Authorization header or a client assertion, not both'
      const field = 'client_assertion'
      const reason = 'credentials_repeated'
      return refusedOAuthRequest({ code: 'invalid_request', reason, title, field })
    }
    const keys = { issuer, ledger, relyingPartyKeys }
    const known = await authenticateClient(keys, credentials, clock())
    if (!known.ok) {
      const { reason } = known.refusal
      const facts = { ...factsOf(known.refusal), reason }
      return refuse({ error: 'invalid_client', description: DESCRIPTIONS[reason], facts })
    }
    const facts = factsOf(known.value)
    try {
      const { audiences } = known.value
      const asked = { issuer, published, ledger, audiences }
      const done = await introspected(asked, token, clock())
      return accept({ content: jsonContent(done.body), facts: { ...facts, ...done.facts } })
    } catch (error) {
      const failed = failureOf(error)
      return refuse({ ...failed, facts: { ...facts, ...failed.facts } })
    }
  }

  const answer = answering(settings, 'introspect', outcome)
  app.post(OPERATOR_CALLS.introspect.path, async (context, next) =>
    besideOperators && context.req.header('Authorization') !== undefined
      ? next()
      : answer(context, next),
  )
}
