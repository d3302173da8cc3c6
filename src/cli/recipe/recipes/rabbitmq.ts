// RabbitMQ with rabbitmq_auth_backend_oauth2: the token is the password of a connection.

import { usageError } from '../../command-error.ts'
import { type Recipe, type RecipeDemands, type RecipeValues, defineRecipe } from '../form.ts'
import { jsonFile, sh } from '../quote.ts'
import { requireHttps } from './issuer-rules.ts'

/** A value of rabbitmq.conf, which has neither quotes nor escapes. @throws CommandError */
const plain = (value: string): string => {
  if (/^[\w./:@~?&=+-]+$/.test(value)) return value
  throw usageError(`${JSON.stringify(value)}: a character that rabbitmq.conf cannot hold as text`)
}

const configuration = (values: RecipeValues<'caFile'>): string =>
  `auth_backends.1 = rabbit_auth_backend_oauth2
auth_oauth2.resource_server_id = ${plain(values.audience)}
auth_oauth2.additional_scopes_key = groups
auth_oauth2.jwks_url = ${requireHttps(values, 'RabbitMQ')}/.well-known/jwks.json
auth_oauth2.https.peer_verification = verify_peer
auth_oauth2.https.cacertfile = ${values.caFile}
auth_oauth2.https.depth = 3
`

const PERMISSIONS = ['read', 'write', 'configure'] as const

/** What the policy of rollcall has to give each role: RabbitMQ knows permissions, and no roles. */
const roles = ({ audience, roles: names }: RecipeDemands): string =>
  jsonFile(
    Object.fromEntries(
      names.map((name) => [
        name,
        {
          token: {
            audience: [audience],
            groups: PERMISSIONS.map((permission) => `${audience}.${permission}:*/*`),
          },
        },
      ]),
    ),
  )

/** RabbitMQ. */
export const rabbitmq: Recipe = defineRecipe({
  name: 'rabbitmq',
  title: 'RabbitMQ with its OAuth 2 plugin',
  ran: {
    notRun: 'rabbitmq.com/docs/3.10/oauth2',
    byHand: 'RabbitMQ 3.10.8 and 4.3.6 on 2026-11-27',
  },
  ban: 'gets in until its token expires',
  conditions: [],
  severalRoles: true,
  options: { caFile: '/etc/ssl/certs/ca-certificates.crt' },
  page: 'use/rabbitmq.md',
  files: (values) => [
    { path: '/etc/rabbitmq/rabbitmq.conf', language: 'conf', text: configuration(values) },
    { path: 'roles.json', language: 'json', text: roles(values) },
  ],
  steps: ({ issuer, audience, roles: [role = ''] }) => [
    'rabbitmq-plugins enable rabbitmq_auth_backend_oauth2',
    'systemctl restart rabbitmq-server',
    'give each role in the policy of rollcall the token of roles.json',
    `on an instance: TOKEN=$(rollcall enroll ${issuer} --role ${role} --resource ${sh(audience)})`,
    'connect with any user name, and the token as the password',
  ],
})
