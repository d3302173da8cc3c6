// The service on Alibaba Cloud Function Compute 3.0, in a custom runtime: the Node server where the
// platform looks for it. Headers are never written anywhere: those of the platform hold the
// credentials of the function's role.

import process from 'node:process'
import { ConfigurationError } from '../src/base/errors.ts'
import { ledgerReader } from '../src/ledger/configured.ts'
import { prepareProcess } from '../src/node/prepare.ts'
import { serveNode } from '../src/node/serve-node.ts'
import { type Service, say } from '../src/service.ts'
import { type Ledgers, openServiceOrEnd } from './open-service.ts'

/** Where the platform connects to, unless the function's `customRuntimeConfig` says otherwise. */
const DEFAULTS = { HOST: '0.0.0.0', PORT: '9000' } as const

/** The only client is the platform, which keeps its connections and ends them itself. 0: never. */
const NO_TIMEOUTS = { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 } as const

/**
 * The platform's hooks: they come to the same port, from strangers too, so they do nothing. When
 * `/initialize` comes the ledger was asked already; were it to fail while the ledger is away, the
 * platform would answer the client 200 in our place.
 */
const HOOKS: ReadonlySet<string> = new Set(['POST /initialize', 'GET /pre-stop'])

const readRedis = ledgerReader(['redis'])

const readLedger: Ledgers['readLedger'] = (text) => {
  if (!/^(?:memory|sqlite|deno-kv):/.test(text)) return readRedis(text)
  throw new ConfigurationError([
    'instances come and go with all that they hold: expected redis://HOST:PORT or rediss://HOST:PORT',
  ])
}

const output = prepareProcess(say)
const service = await openServiceOrEnd({ ...DEFAULTS, ...process.env }, { readLedger }, output)

const fetch: Service['fetch'] = async (request, source) => {
  const { headers, method, url } = request
  if (HOOKS.has(`${method} ${new URL(url).pathname}`)) return new Response()
  // The platform's name of the request is in its own logs too.
  const requestId = headers.get('x-fc-request-id')
  if (requestId !== null && !headers.has('X-Request-Id')) headers.set('X-Request-Id', requestId)
  return service.fetch(request, source)
}

serveNode({ ...service, fetch }, { serverOptions: NO_TIMEOUTS })
