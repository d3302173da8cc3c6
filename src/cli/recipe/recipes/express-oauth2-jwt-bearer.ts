// express-oauth2-jwt-bearer in a server on Express.

import { type Recipe, type RecipeDemands, defineRecipe } from '../form.ts'
import { js, jsList } from '../quote.ts'
import { conditionsOf } from './conditions.ts'

const program = (demands: RecipeDemands): string => {
  const { issuer, audience, roles } = demands
  const conditions = conditionsOf(demands)
  const lists = conditions.map(({ name, values }) => `const ${name} = ${jsList(values)}\n`).join('')
  const more = conditions
    .map(({ name, claim }) => ` && ${name}.includes(auth.payload.ecs.${claim})`)
    .join('')
  return `import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'

const roles = ${jsList(roles)}
${lists}const app = express()

app.use(
  auth({
    issuerBaseURL: ${js(issuer)},
    audience: ${js(audience)}, // your own name, as the policy of rollcall has it
    clockTolerance: 30,
    cacheMaxAge: 300_000,
    validators: {
      typ: (typ, _, header) => typ === 'JWT' && header.kid !== undefined,
      // Bound to a key or not bound. A token that is bound in another way is refused.
      cnf: (cnf) => cnf === undefined || Object.keys(cnf).join() === 'jkt',
    },
  }),
)

app.use(({ auth }, response, next) => {
  if (roles.includes(auth.payload.role)${more}) next()
  else response.status(403).end()
})

app.get('/', ({ auth }, response) => {
  response.type('text').send(\`\${auth.payload.ecs.instance_id}\\n\`)
})

app.use((error, _, response, next) => {
  if (error.status === undefined) return next(error)
  console.error(\`refused: \${JSON.stringify(error.message)}\`)
  response.status(error.status).set(error.headers).end()
})

app.listen(Number(process.env.PORT ?? 8080), '127.0.0.1')
`
}

/** A server with express-oauth2-jwt-bearer. */
export const expressOauth2JwtBearer: Recipe = defineRecipe({
  name: 'express-oauth2-jwt-bearer',
  title: 'Express with express-oauth2-jwt-bearer',
  ran: 'express-oauth2-jwt-bearer 1.10',
  ban: 'gets in until 30 seconds after its token expired',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: {},
  page: 'use/node-libraries.md',
  files: (values) => [{ path: 'app.mjs', language: 'js', text: program(values) }],
  steps: () => [
    'npm install express express-oauth2-jwt-bearer',
    'PORT=8080 node app.mjs',
    'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/',
  ],
})
