// A process that hosts a ledger for the tests, in whatever runtime the driver needs:
// `host.ts DRIVER PORT PLACE`. It runs natively in Node 24 and in Deno.

import { type IncomingMessage, createServer } from 'node:http'
import process from 'node:process'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { CALLS_PATH, type LedgerCall, answerCalls } from './host-calls.ts'

/** Imported when asked for: not every runtime has what every driver needs. */
const DRIVERS: Readonly<Record<string, (place: string) => Promise<Ledger>>> = {
  memory: async () => (await import('../../../src/ledger/memory.ts')).createMemoryLedger(),
  sqlite: async (path) =>
    (await import('../../../src/ledger/sqlite.ts')).createSqliteLedger({ path }),
  'deno-kv': async (path) =>
    (await import('../../../src/ledger/deno-kv.ts')).createDenoKvLedger({ path }),
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  let text = ''
  request.setEncoding('utf8')
  for await (const part of request) text += part
  return text
}

const [driver = '', port, place = ''] = process.argv.slice(2)
const ledger = await DRIVERS[driver]?.(place)
if (ledger === undefined) throw new Error(`no driver ${driver}`)

const server = createServer(async (request, response) => {
  if (request.url !== CALLS_PATH) return response.end()
  const calls = JSON.parse(await textOf(request)) as LedgerCall[]
  const answers = await answerCalls(ledger, calls)
  return response.end(JSON.stringify(answers))
})
server.listen(Number(port), '127.0.0.1')
