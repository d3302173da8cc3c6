// The service on Alibaba Cloud Function Compute 3.0, in a custom runtime: the Node server on the
// port that the platform uses. Headers are never logged: some headers of the platform contain the
// credentials of the function's role.

import process from 'node:process'
import { ConfigurationError } from '../src/base/errors.ts'
import { splitUrl } from '../src/http/request/split-url.ts'
import { ledgerReader } from '../src/ledger/configured.ts'
import { NODE_CRYPTO } from '../src/node/node-crypto.ts'
import { prepareProcess } from '../src/node/prepare.ts'
import { serveNode } from '../src/node/serve-node.ts'
import { type Service, say } from '../src/service.ts'
import { type Runtime, openServiceOrEnd } from './open-service.ts'

/** The port that the platform uses, unless the function's `customRuntimeConfig` says otherwise. */
const DEFAULTS = { HOST: '0.0.0.0', PORT: '9000' } as const

/**
 * The only client is the platform, which keeps connections open and closes them itself. 0: never
 * close one.
 */
const NO_TIMEOUTS = { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 } as const

/**
 * The platform's hooks. They use the same port, and anyone can send them, so they do nothing. When
 * `/initialize` comes, the service has read the ledger already. If the hook failed while the ledger
 * is unreachable, the platform would answer the client with 200 instead of us.
 */
const HOOKS: ReadonlySet<string> = new Set(['POST /initialize', 'GET /pre-stop'])

const readRedis = ledgerReader(['redis'])

const readLedger: Runtime['readLedger'] = (text) => {
  if (!/^(?:memory|sqlite|deno-kv):/.test(text)) return readRedis(text)
  throw new ConfigurationError([
    'an instance loses its state when it ends: expected redis://HOST:PORT or rediss://HOST:PORT',
  ])
}

const output = prepareProcess(say)
const runtime = { readLedger, crypto: NODE_CRYPTO }
const service = await openServiceOrEnd({ ...DEFAULTS, ...process.env }, runtime, output)

const fetch: Service['fetch'] = async (request, source) => {
  const { headers, method, url } = request
  if (HOOKS.has(`${method} ${splitUrl(url).path}`)) return new Response()
  // The platform's logs have its request id too.
  const platformRequestId = headers.get('x-fc-request-id') ?? undefined
  return service.fetch(request, { ...source, platformRequestId })
}

serveNode({ ...service, fetch }, { serverOptions: NO_TIMEOUTS })
