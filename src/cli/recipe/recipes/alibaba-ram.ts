// A RAM role of Alibaba Cloud that instances assume with their token: AssumeRoleWithOIDC.

import { usageError } from '../../command-error.ts'
import { type Recipe, type RecipeValues, defineRecipe } from '../form.ts'
import { jsonFile, sh } from '../quote.ts'
import { requireHttps } from './issuer-rules.ts'

type Values = RecipeValues<'provider' | 'ramAccount' | 'ramRole'>

/** What CreateOIDCProvider accepts as a client id. */
const CLIENT_ID = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/

/** The longest time that rollcall needs between `iat` and a use, in hours; 1 is the least that RAM accepts. */
const ISSUANCE_LIMIT_HOURS = 1

const providerArn = ({ ramAccount, provider }: Values): string =>
  `acs:ram::${ramAccount}:oidc-provider/${provider}`
const roleArn = ({ ramAccount, ramRole }: Values): string =>
  `acs:ram::${ramAccount}:role/${ramRole}`

/** Patterns for `sub`, which has region, account and instance. Empty: each instance of the audience. */
const subjects = ({ accounts, regions }: Values): readonly string[] =>
  accounts.length + regions.length === 0
    ? []
    : (regions.length > 0 ? regions : ['*']).flatMap((region) =>
        (accounts.length > 0 ? accounts : ['*']).map(
          (account) => `acs:ecs:${region}:${account}:instance/*`,
        ),
      )

const trustPolicy = (values: Values): object => {
  const patterns = subjects(values)
  return {
    Version: '1',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Federated: [providerArn(values)] },
        Condition: {
          StringEquals: { 'oidc:iss': [values.issuer], 'oidc:aud': [values.audience] },
          ...(patterns.length > 0 && { StringLike: { 'oidc:sub': patterns } }),
        },
      },
    ],
  }
}

const script = (values: Values): string => {
  const { issuer, audience, provider, ramRole } = values
  const { hostname, port } = new URL(issuer)
  const place = `${hostname}:${port || '443'}`
  return `#!/bin/sh
# Creates the OIDC provider and the RAM role, with the aliyun command line and openssl.
set -eu
# RAM trusts the last certificate that the issuer sends, by its SHA-1 fingerprint. Compare it with what RAM finds.
fingerprint=$(openssl s_client -connect ${sh(place)} -servername ${sh(hostname)} -showcerts < /dev/null 2> /dev/null |
  awk '/BEGIN CERTIFICATE/ { text = "" } { text = text $0 "\\n" } /END CERTIFICATE/ { last = text } END { printf "%s", last }' |
  openssl x509 -noout -fingerprint -sha1 | sed 's/.*=//; s/://g')
[ "\${#fingerprint}" -eq 40 ] || { echo ${sh(`${place} sent no certificate`)} >&2; exit 1; }
aliyun ims CreateOIDCProvider --OIDCProviderName ${sh(provider)} --IssuerUrl ${sh(issuer)} \\
  --ClientIds ${sh(audience)} --Fingerprints "$fingerprint" --IssuanceLimitTime ${ISSUANCE_LIMIT_HOURS}
aliyun ram CreateRole --RoleName ${sh(ramRole)} --MaxSessionDuration 3600 \\
  --AssumeRolePolicyDocument "$(cat trust-policy.json)"
`
}

const TOKEN_FILE = '/run/rollcall/ram.jwt'

const environment = (
  values: Values,
): string => `ALIBABA_CLOUD_OIDC_PROVIDER_ARN=${providerArn(values)}
ALIBABA_CLOUD_ROLE_ARN=${roleArn(values)}
ALIBABA_CLOUD_OIDC_TOKEN_FILE=${TOKEN_FILE}
`

const checked = (values: Values): Values => {
  requireHttps(values, 'RAM')
  if (!CLIENT_ID.test(values.audience)) {
    throw usageError(
      '--audience: RAM accepts letters, digits and . _ : / -, at most 128 characters',
    )
  }
  return values
}

/** A RAM role by AssumeRoleWithOIDC. */
export const alibabaRam: Recipe = defineRecipe({
  name: 'alibaba-ram',
  title: 'Alibaba Cloud RAM with AssumeRoleWithOIDC',
  ran: { notRun: 'the RAM documentation of CreateOIDCProvider and AssumeRoleWithOIDC, 2026-06' },
  ban: 'gets in until its token expires; credentials of STS stay valid until their own end',
  conditions: ['accounts', 'regions'],
  severalRoles: false,
  options: {
    provider: 'rollcall',
    ramRole: ({ roles: [role = ''] }) => `rollcall-${role}`,
    ramAccount: ({ accounts: [account] }) => account,
  },
  page: 'use/ram.md',
  files: (values) => [
    { path: 'trust-policy.json', language: 'json', text: jsonFile(trustPolicy(checked(values))) },
    { path: 'create-role.sh', language: 'sh', text: script(values) },
    { path: '/etc/rollcall/alibaba-cloud.env', language: 'conf', text: environment(values) },
  ],
  steps: ({ issuer, audience, ramRole, roles: [role = ''] }) => [
    `let the audience ${audience} belong to the role ${role} alone: RAM sees no role in a token`,
    'sign with RS256: rollcall keygen --algorithm RS256',
    'sh create-role.sh',
    `attach to ${ramRole} the permissions that the instances need`,
    `on an instance: rollcall enroll ${issuer} --role ${role} --resource ${audience} --out ${TOKEN_FILE} --renew`,
    'add to the systemd service of each program: EnvironmentFile=/etc/rollcall/alibaba-cloud.env',
  ],
})
