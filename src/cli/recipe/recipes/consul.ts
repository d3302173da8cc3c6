// Consul agents that get their configuration by a token: auto_config. The name of a node is the name of its instance.

import { type Recipe, type RecipeDemands, type RecipeValues, defineRecipe } from '../form.ts'
import { ACR_CHALLENGE } from '../../../token/claims.ts'
import { jsonFile, sh } from '../quote.ts'
import { clientClaims } from './service-claims.ts'

type Values = RecipeValues<'upstream'>

const FOLDER = '/etc/consul.d'
/** Consul refuses auto_config without TLS. */
const TLS = {
  ca_file: `${FOLDER}/consul-agent-ca.pem`,
  verify_outgoing: true,
  verify_server_hostname: true,
} as const

/** One assertion in the language of Consul's filters. Roles, accounts and regions need no escapes. */
const oneOf = (claim: string, values: readonly string[]): string =>
  values.map((value) => `value.${claim} == "${value}"`).join(' or ')

const server = (demands: RecipeDemands): object => {
  const { issuer, audience, roles } = demands
  const claims = clientClaims(demands, (member) => member)
  return {
    ...TLS,
    cert_file: `${FOLDER}/dc1-server-consul-0.pem`,
    key_file: `${FOLDER}/dc1-server-consul-0-key.pem`,
    verify_incoming_rpc: true,
    // Agents get certificates of its CA.
    connect: { enabled: true },
    auto_config: {
      authorization: {
        enabled: true,
        static: {
          oidc_discovery_url: issuer,
          bound_issuer: issuer,
          bound_audiences: [audience],
          jwt_supported_algs: ['ES256', 'RS256'],
          clock_skew_leeway: '30s',
          expiration_leeway: '30s',
          not_before_leeway: '30s',
          claim_mappings: {
            role: 'role',
            acr: 'acr',
            // A value that is no text is refused: tokens that are bound to a key.
            cnf: 'cnf',
            '/ecs/instance_id': 'node',
            ...Object.fromEntries(Object.keys(claims).map((name) => [`/ecs/${name}`, name])),
          },
          claim_assertions: [
            // Consul puts the name in that the agent asks for.
            'value.node == "${node}"',
            oneOf('role', roles),
            oneOf('acr', [ACR_CHALLENGE]),
            ...Object.entries(claims).map(([name, values]) => oneOf(name, values)),
          ],
        },
      },
    },
  }
}

const client = ({ upstream }: Values): object => ({
  ...TLS,
  auto_config: {
    enabled: true,
    intro_token_file: '/run/rollcall/consul.jwt',
    server_addresses: [upstream],
  },
})

/** Consul with auto_config. */
export const consul: Recipe = defineRecipe({
  name: 'consul',
  title: 'Consul with auto_config',
  ran: {
    notRun: 'developer.hashicorp.com, the reference of auto_config, Consul 1.21',
    byHand: 'Consul 1.8.7 on 2026-11-27',
  },
  ban: 'gets in until its token expires; an agent that joined stays, since it keeps its configuration over a restart',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: { upstream: 'consul.example:8300' },
  page: 'use/consul.md',
  files: (values) => [
    {
      path: `${FOLDER}/rollcall-server.json`,
      language: 'json',
      text: jsonFile(server(values)),
    },
    {
      path: `${FOLDER}/rollcall-client.json`,
      language: 'json',
      text: jsonFile(client(values)),
    },
  ],
  steps: ({ issuer, audience, roles: [enrolled = ''] }) => [
    'the first file belongs to the servers, the second one to the agents of the instances',
    'consul tls ca create',
    'consul tls cert create -server',
    `put the three files into ${FOLDER} of the servers, and consul-agent-ca.pem into the same folder of the agents`,
    'set encrypt on the servers, by consul keygen: without it, gossip needs no token',
    'Consul 1.13.2 or newer: older ones put the name of a node into the rule unchecked (CVE-2021-41803)',
    `on an instance: rollcall enroll ${issuer} --role ${enrolled} --resource ${sh(audience)} --out /run/rollcall/consul.jwt`,
    'consul agent -node "$(rollcall metadata get instance-id)" -config-dir /etc/consul.d',
    'keep cnf in claim_mappings: it refuses a token that is bound to a key, whose cnf is no text',
  ],
})
