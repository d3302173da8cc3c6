// jose in a server of node:http.

import { type Recipe, type RecipeDemands, defineRecipe } from '../form.ts'
import { js, jsList } from '../quote.ts'
import { conditionsOf } from './conditions.ts'

const program = (demands: RecipeDemands): string => {
  const { issuer, audience, roles } = demands
  const conditions = conditionsOf(demands)
  const lists = conditions.map(({ name, values }) => `const ${name} = ${jsList(values)}\n`).join('')
  const more = conditions.map(({ name, claim }) => ` && ${name}.includes(ecs.${claim})`).join('')
  return `import { createServer } from 'node:http'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const issuer = ${js(issuer)}
const audience = ${js(audience)} // your own name, as the policy of rollcall has it
const roles = ${jsList(roles)}
${lists}
const keys = createRemoteJWKSet(new URL(\`\${issuer}/.well-known/jwks.json\`), {
  cacheMaxAge: 300_000,
})

/** Gives the claims of a valid token, and throws for any other. */
const checkToken = async (token) => {
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer,
    audience,
    algorithms: ['ES256', 'RS256'],
    typ: 'JWT',
    clockTolerance: 30,
    requiredClaims: ['exp', 'iat', 'sub', 'jti', 'role'],
  })
  if (protectedHeader.kid === undefined) throw new Error('the token names no key')
  if ('cnf' in payload) throw new Error('bound to a key: the instance has to exchange it first')
  return payload
}

createServer(async (request, response) => {
  const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ')
  try {
    if (scheme?.toLowerCase() !== 'bearer') throw new Error('no token')
    const { role, ecs } = await checkToken(token)
    if (roles.includes(role)${more}) response.end(\`\${ecs.instance_id}\\n\`)
    else response.writeHead(403).end()
  } catch (error) {
    console.error(\`refused: \${JSON.stringify(error.message)}\`)
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end()
  }
}).listen(Number(process.env.PORT ?? 8080), '127.0.0.1')
`
}

/** A server with jose alone. */
export const jose: Recipe = defineRecipe({
  name: 'jose',
  title: 'Node with jose',
  ran: 'jose 6',
  ban: 'gets in until 30 seconds after its token expired',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: {},
  page: 'use/node-libraries.md',
  files: (values) => [{ path: 'app.mjs', language: 'js', text: program(values) }],
  steps: () => [
    'npm install jose',
    'PORT=8080 node app.mjs',
    'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/',
  ],
})
