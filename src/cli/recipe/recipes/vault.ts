// The JWT auth method of Vault and OpenBao.

import { type Recipe, type RecipeValues, defineRecipe } from '../form.ts'
import { ACR_CHALLENGE } from '../../../token/claims.ts'
import { jsonFile, sh } from '../quote.ts'
import { clientClaims } from './service-claims.ts'

type Values = RecipeValues<'mount' | 'policy'>

const config = ({ issuer }: Values): object => ({
  oidc_discovery_url: issuer,
  bound_issuer: issuer,
  jwt_supported_algs: ['ES256', 'RS256'],
})

const role = (values: Values): object => {
  const { audience, roles, policy } = values
  return {
    role_type: 'jwt',
    user_claim: 'sub',
    bound_audiences: [audience],
    bound_claims_type: 'string',
    bound_claims: {
      role: roles,
      acr: ACR_CHALLENGE,
      ...clientClaims(values, (it) => `/ecs/${it}`),
    },
    claim_mappings: {
      role: 'rollcall_role',
      // A value that is no text is refused: tokens that are bound to a key.
      cnf: 'cnf',
      '/ecs/instance_id': 'instance_id',
      '/ecs/region_id': 'region_id',
    },
    clock_skew_leeway: 30,
    expiration_leeway: 30,
    not_before_leeway: 30,
    token_policies: [policy],
    token_ttl: '10m',
    token_max_ttl: '1h',
  }
}

/** Vault and OpenBao. */
export const vault: Recipe = defineRecipe({
  name: 'vault',
  title: 'Vault and OpenBao with the JWT auth method',
  ran: {
    notRun:
      'developer.hashicorp.com/vault/api-docs/auth/jwt and openbao.org/docs/api/auth/jwt, version 2.6',
    byHand: 'Vault 1.8.0-dev on 2026-11-27',
  },
  ban: 'gets in until its token expires; a token of Vault stays valid until its own end, or until you revoke it',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: { mount: 'rollcall', policy: 'rollcall-node' },
  page: 'use/vault.md',
  files: (values) => [
    { path: 'config.json', language: 'json', text: jsonFile(config(values)) },
    { path: 'role.json', language: 'json', text: jsonFile(role(values)) },
  ],
  steps: ({ mount, policy, issuer, audience, roles: [enrolled = ''] }) => [
    'with OpenBao, write bao for vault',
    `vault auth enable -path=${mount} jwt`,
    `vault write auth/${mount}/config @config.json`,
    `vault write auth/${mount}/role/node @role.json`,
    `write the policy ${policy}: what a node may do in Vault`,
    `on an instance: rollcall enroll ${issuer} --role ${enrolled} --resource ${sh(audience)} --out token.jwt`,
    `vault write auth/${mount}/login role=node jwt=@token.jwt`,
    'keep cnf in claim_mappings: it refuses a token that is bound to a key, whose cnf is no text',
    'a token can log in as often as it is valid: keep lifetime_seconds of the role short',
    'after a ban, revoke what the instance got from Vault: vault token revoke -accessor ACCESSOR',
  ],
})
