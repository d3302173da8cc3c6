// The servers that use `rollcall/relying-party`: Hono, Express, node:http, and any fetch handler.

import {
  type Recipe,
  type RecipeDemands,
  defineRecipe,
  hostOfAudience,
  portOfAudience,
} from '../form.ts'
import { js, jsList } from '../quote.ts'
import { originOf } from './proxy-secret.ts'

/** The options of the verifier. */
const demandLines = ({ issuer, audience, roles, accounts, regions }: RecipeDemands): string => {
  const match = [
    ...(accounts.length > 0 ? [`owner_account_id: ${jsList(accounts)}`] : []),
    ...(regions.length > 0 ? [`region_id: ${jsList(regions)}`] : []),
  ]
  return [
    `  issuer: ${js(issuer)},\n`,
    `  audience: ${js(audience)},\n`,
    `  roles: ${jsList(roles)},\n`,
    ...(match.length > 0 ? [`  match: { ${match.join(', ')} },\n`] : []),
  ].join('')
}

const LIBRARY = {
  ban: 'gets in until 30 seconds after its token expired',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  page: 'use/node.md',
} as const

/** @param packages what the program imports beside rollcall, with a space before each */
const setUp = (packages: string, start: string): readonly string[] => [
  'in a clone of rollcall: npm ci && npm pack',
  `npm install /path/to/clone/rollcall-*.tgz${packages}`,
  start,
]
const CALL = 'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/nodes/me'

/** Hono with rollcall/relying-party. */
export const hono: Recipe = defineRecipe({
  ...LIBRARY,
  name: 'hono',
  title: 'Hono with rollcall/relying-party',
  ran: 'Hono 4',
  options: {},
  files: (demands) => [
    {
      path: 'app.mts',
      language: 'ts',
      text: `import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createTokenVerifier, requireEnrollment } from 'rollcall/relying-party'

const verifier = createTokenVerifier({
${demandLines(demands)}})

const app = new Hono()
  .use(
    '/nodes/*',
    requireEnrollment({
      verifier,
      onRefusal: ({ code, message }) => console.error(code, message),
    }),
  )
  .get('/nodes/me', (context) => context.json(context.var.enrollment.ecs))

serve({ fetch: app.fetch, port: 8080 }, () => console.error('listening on 8080'))
`,
    },
  ],
  steps: () => [...setUp(' hono @hono/node-server', 'npx tsx app.mts'), CALL],
})

/** Express with rollcall/relying-party. */
export const express: Recipe = defineRecipe({
  ...LIBRARY,
  name: 'express',
  title: 'Express with rollcall/relying-party',
  ran: 'Express 5',
  options: {},
  files: (demands) => [
    {
      path: 'app.mjs',
      language: 'js',
      text: `import express from 'express'
import { admitRequest, createTokenVerifier, fromNodeRequest } from 'rollcall/relying-party'

const verifier = createTokenVerifier({
${demandLines(demands)}})

const requireEnrollment = async (request, response, next) => {
  const admission = await admitRequest(fromNodeRequest(request), { verifier })
  if (!admission.admitted) {
    console.error(admission.error.code, admission.error.message)
    const answer = admission.response
    response.status(answer.status).set(Object.fromEntries(answer.headers))
    return response.send(await answer.text())
  }
  request.enrollment = admission.enrollment
  next()
}

const app = express()
app.use('/nodes', requireEnrollment)
app.get('/nodes/me', (request, response) => response.json(request.enrollment.ecs))
app.listen(8080, () => console.error('listening on 8080'))
`,
    },
  ],
  steps: () => [...setUp(' express', 'node app.mjs'), CALL],
})

/** Node:http with rollcall/relying-party. */
export const nodeHttp: Recipe = defineRecipe({
  ...LIBRARY,
  name: 'node-http',
  title: 'node:http with rollcall/relying-party',
  ran: 'Node 20',
  options: {},
  files: (demands) => [
    {
      path: 'app.mjs',
      language: 'js',
      text: `import { createServer } from 'node:http'
import { admitRequest, createTokenVerifier, fromNodeRequest } from 'rollcall/relying-party'

const verifier = createTokenVerifier({
${demandLines(demands)}})

const handle = async (request) => {
  const admission = await admitRequest(fromNodeRequest(request), { verifier })
  if (admission.admitted) return Response.json(admission.enrollment.ecs)
  console.error(admission.error.code, admission.error.message)
  return admission.response
}

const server = createServer(async (request, response) => {
  const answer = await handle(request)
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(await answer.text())
})
server.listen(8080, () => console.error('listening on 8080'))
`,
    },
  ],
  steps: () => [...setUp('', 'node app.mjs'), CALL],
})

/** A fetch handler with rollcall/relying-party. */
export const fetchHandler: Recipe = defineRecipe({
  ...LIBRARY,
  name: 'fetch',
  title: 'a fetch handler with rollcall/relying-party',
  ran: 'Node 20',
  options: {},
  files: (demands) => [
    {
      path: 'app.mts',
      language: 'ts',
      text: `import { serve } from '@hono/node-server'
import { admitRequest, createTokenVerifier } from 'rollcall/relying-party'

const verifier = createTokenVerifier({
${demandLines(demands)}})

const handle = async (request: Request): Promise<Response> => {
  const admission = await admitRequest(request, { verifier })
  if (admission.admitted) return Response.json(admission.enrollment.ecs)
  console.error(admission.error.code, admission.error.message)
  return admission.response
}

// Deno: \`Deno.serve(handle)\`. Workers: \`export default { fetch: handle }\`.
serve({ fetch: handle, port: 8080 }, () => console.error('listening on 8080'))
`,
    },
  ],
  steps: () => [...setUp(' @hono/node-server', 'npx tsx app.mts'), CALL],
})

/** Bound tokens with their proofs, in a fetch handler. */
export const boundTokens: Recipe = defineRecipe({
  ...LIBRARY,
  name: 'fetch-bound',
  title: 'a fetch handler for bound tokens, with rollcall/relying-party',
  ran: 'Node 20',
  options: { host: hostOfAudience },
  files: (demands) => {
    const publicUrl = originOf({ ...demands, listen: portOfAudience(demands) })
    return [
      {
        path: 'app.mts',
        language: 'ts',
        text: `import { serve } from '@hono/node-server'
import { createMemoryLedger } from 'rollcall/ledger/memory'
import { admitRequest, createTokenVerifier } from 'rollcall/relying-party'

const verifier = createTokenVerifier({
${demandLines(demands)}  bound: 'require',
  // With several processes, use a ledger that they share: \`rollcall/ledger/redis\`.
  proofs: createMemoryLedger(),
  // Where callers reach this server. It is never taken from a header.
  publicUrl: ${js(publicUrl)},
})

const handle = async (request: Request): Promise<Response> => {
  const admission = await admitRequest(request, { verifier })
  if (admission.admitted) return Response.json(admission.enrollment.ecs)
  console.error(admission.error.code, admission.error.message)
  return admission.response
}

serve({ fetch: handle, port: 8080 }, () => console.error('listening on 8080'))
`,
      },
    ]
  },
  steps: (values) => [
    ...setUp(' @hono/node-server', 'npx tsx app.mts'),
    `call ${originOf({ ...values, listen: portOfAudience(values) })}/ with a DPoP header: rollcall token proof`,
  ],
})
