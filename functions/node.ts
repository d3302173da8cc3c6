// The service on Node.

import process from 'node:process'
import { ledgerReader } from '../src/ledger/configured.ts'
import { prepareProcess } from '../src/node/prepare.ts'
import { serveNode } from '../src/node/serve-node.ts'
import { say } from '../src/service.ts'
import { openServiceOrEnd } from './open-service.ts'

const output = prepareProcess(say)
const readLedger = ledgerReader(['sqlite', 'redis', 'memory'])
serveNode(await openServiceOrEnd(process.env, { readLedger }, output))
