// The service on Deno: docs/deploy/deno.md has the command. By default the ledger is the Deno KV of this program.

import { ledgerReader } from '../src/ledger/configured.ts'
import { type Platform, prepareDeno, serveDeno } from '../src/node/serve-deno.ts'
import { say } from '../src/service.ts'
import { openServiceOrEnd } from './open-service.ts'

const { Deno: platform } = globalThis as unknown as { readonly Deno: Platform }

const output = prepareDeno(platform, say)
const readLedger = ledgerReader(['deno-kv', 'sqlite', 'redis', 'memory'])
const defaultLedger = { kind: 'deno-kv' } as const
const service = await openServiceOrEnd(
  platform.env.toObject(),
  { readLedger, defaultLedger },
  output,
)
serveDeno(platform, service)
