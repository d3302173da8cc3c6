// The service on Node.

import process from 'node:process'
import { ledgerReader } from '../src/ledger/configured.ts'
import { serveNode } from '../src/node/serve-node.ts'
import { openService } from './open-service.ts'

const readLedger = ledgerReader(['sqlite', 'redis', 'memory'])
serveNode(await openService(process.env, { readLedger }))
