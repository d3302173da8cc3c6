// The service on Node.

import process from 'node:process'
import { ledgerReader } from '../src/ledger/configured.ts'
import { NODE_CRYPTO } from '../src/node/node-crypto.ts'
import { prepareProcess } from '../src/node/prepare.ts'
import { serveNode } from '../src/node/serve-node.ts'
import { say } from '../src/service.ts'
import { openServiceOrEnd } from './open-service.ts'

const output = prepareProcess(say)
const readLedger = ledgerReader(['sqlite', 'redis', 'memory'])
const runtime = { readLedger, crypto: NODE_CRYPTO }
serveNode(await openServiceOrEnd(process.env, runtime, output))
