// What to do about each refusal of a token, for the person who has the token.

import type { TokenErrorCode } from '../../relying-party/token-error.ts'

/** Codes that say why a token is refused which is verified here: alone, or with a proof that was made just now. */
type RefusalCode = Exclude<
  TokenErrorCode,
  | 'token_missing'
  | 'authorization_malformed'
  | 'instance_not_matched'
  | 'keys_unavailable'
  | 'ledger_unavailable'
>

const NEW_TOKEN = 'get a new token: rollcall enroll, or rollcall exchange'
const NOT_OURS = 'refuse the token; its owner must get one from the service'
const REPORT = 'run this again; if it is refused again, update this command'

/** What to do next. */
const REMEDIES: Readonly<Record<RefusalCode, string>> = {
  token_malformed: 'check that the file has the whole token and nothing else',
  algorithm_refused: NOT_OURS,
  key_unknown:
    'check --issuer. If it is right, its key was removed from ROLLCALL_SIGNING_KEYS, or the token was forged',
  signature_invalid: 'refuse the token: it was changed or forged',
  issuer_mismatch: 'check --issuer: it must equal iss, as `rollcall token inspect` shows it',
  claims_incomplete: NOT_OURS,
  audience_mismatch: 'check --audience: `rollcall token inspect` shows aud of the token',
  token_expired: NEW_TOKEN,
  token_not_yet_valid: 'correct the clock of this machine, or the clock of the service',
  acr_mismatch: NOT_OURS,
  role_not_allowed: 'check --role: `rollcall token inspect` shows the role of the token',
  binding_unknown: NOT_OURS,
  bound_token_refused:
    'give --dpop-key FILE to prove the key, or get an unbound token: rollcall exchange',
  binding_required: 'leave --dpop-key out: this token needs no proof',
  proof_missing: 'give --dpop-key FILE',
  dpop_key_mismatch: 'use the key of the enrollment',
  dpop_key_refused: 'use an Ed25519 key, a P-256 key, or an RSA key of 2048 to 4096 bits',
  dpop_malformed: REPORT,
  dpop_signature_invalid: REPORT,
  dpop_method_mismatch: REPORT,
  dpop_uri_mismatch: REPORT,
  dpop_token_mismatch: REPORT,
  dpop_not_in_time: REPORT,
  dpop_replayed: REPORT,
}

/** What to do about a code; `undefined` if it says nothing about the token. */
export const remedyFor = (code: TokenErrorCode): string | undefined =>
  (REMEDIES as Readonly<Partial<Record<TokenErrorCode, string>>>)[code]
