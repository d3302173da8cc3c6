// step-ca: an instance gets a client certificate with its attested names for a token.

import { type Recipe, type RecipeDemands, type RecipeValues, defineRecipe } from '../form.ts'
import { jsonFile, quoted, sh } from '../quote.ts'

type Values = RecipeValues<'provider' | 'templateFile' | 'trustDomain'>

const provisioner = ({ issuer, audience, provider, templateFile }: Values): string =>
  jsonFile({
    type: 'OIDC',
    name: provider,
    clientID: audience,
    clientSecret: '',
    configurationEndpoint: `${issuer}/.well-known/openid-configuration`,
    claims: {
      defaultTLSCertDuration: '24h',
      maxTLSCertDuration: '24h',
      disableRenewal: true,
    },
    options: { x509: { templateFile } },
  })

/** A template stops with `fail`; a string of it is one of Go. */
const condition = (member: string, values: readonly string[], what: string): string =>
  values.length === 0
    ? ''
    : `{{- if not (has ${member} (list ${values.map(quoted).join(' ')})) }}{{ fail "another ${what}" }}{{ end }}\n`

const template = (values: RecipeDemands & Pick<Values, 'trustDomain'>): string =>
  `{{- /* Names come from the token; the names of the request are ignored. */ -}}
{{- if .Token.cnf }}{{ fail "a bound token: the instance has to exchange it first" }}{{ end }}
{{- if not .Token.exp }}{{ fail "a token without exp" }}{{ end }}
{{- if not (kindIs "slice" .Token.aud) }}{{ fail "aud is not a list" }}{{ end }}
${condition('.Token.role', values.roles, 'role')}${condition('.Token.ecs.owner_account_id', values.accounts, 'account')}${condition('.Token.ecs.region_id', values.regions, 'region')}{{- $ecs := .Token.ecs -}}
{
  "subject": { "commonName": {{ toJson $ecs.instance_id }} },
  "uris": [{{ printf "spiffe://${values.trustDomain}/ecs/%s/%s/%s" $ecs.owner_account_id $ecs.region_id $ecs.instance_id | toJson }}],
  "keyUsage": ["digitalSignature"],
  "extKeyUsage": ["clientAuth"]
}
`

/** step-ca. */
export const stepCa: Recipe = defineRecipe({
  name: 'step-ca',
  title: 'step-ca, for client certificates',
  ran: 'step-ca 0.19',
  ban: 'gets in until its certificate expires: 24 hours at most',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: {
    provider: 'rollcall',
    templateFile: '/etc/step-ca/templates/rollcall.tpl',
    trustDomain: 'nodes.example',
  },
  page: 'use/step-ca.md',
  files: (values) => [
    { path: 'provisioner.json', language: 'json', text: provisioner(values) },
    { path: values.templateFile, language: 'text', text: template(values) },
  ],
  steps: ({ issuer, audience, roles: [role = ''] }) => [
    'add the object of provisioner.json to authority.provisioners in ca.json, and restart step-ca',
    `on the instance: TOKEN=$(rollcall enroll ${issuer} --role ${role} --resource ${sh(audience)})`,
    'step ca certificate NAME node.crt node.key --token "$TOKEN"',
  ],
})
