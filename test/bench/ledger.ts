// What a call to a ledger costs as instances become many, against 1,000 of them: on each driver, against
// the real store, in turns. Only the ratios mean anything.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DENO } from '../support/start-service.ts'
import { openWorkerStore } from '../system/ledger/hosted-store.ts'
import { requireNode24 } from '../support/node24.ts'
import { cleanEnvironment } from '../support/processes.ts'
import { type RedisServer, requireRedis, startRedisServer } from '../support/redis-server.ts'
import { ROOT } from '../support/sources.ts'
import type { HostTask } from './ledger-host.ts'
import {
  type Costs,
  type Extent,
  type FilledLedger,
  fillLedger,
  measureLedgers,
} from './ledger-measure.ts'
import { SKIPPING, SkippedError } from './skipped.ts'

const FEW = 1_000
const FLEET = 100_000
const HOST = join(ROOT, 'test/bench/ledger-host.ts')
const HOST_LIMIT_SECONDS = 1_200

/** What a driver measures: ledgers of some sizes, the first of which is {@link FEW}. */
type Measure = (sizes: readonly number[], extent: Extent) => Promise<Costs>

const progress = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

/** Runs the host of a driver. */
const runHost = async (
  command: string,
  args: readonly string[],
  task: HostTask,
): Promise<Costs> => {
  const child = spawn(command, [...args, HOST, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: cleanEnvironment(),
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  const timer = setTimeout(() => child.kill('SIGKILL'), HOST_LIMIT_SECONDS * 1000)
  const [status] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  if (status !== 0) throw new Error(`the host of ${task.driver} ended with ${status}`)
  return JSON.parse(stdout) as Costs
}

const TSX = ['--import', import.meta.resolve('tsx')]

const inFiles = async <Result>(use: (folder: string) => Promise<Result>): Promise<Result> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const measureMemory: Measure = (sizes, extent) => {
  const ledgers = sizes.map((size) => ({ size, place: '' }))
  return runHost(process.execPath, TSX, { driver: 'memory', ledgers, extent })
}

const measureSqlite: Measure = async (sizes, extent) => {
  const node = await requireNode24(SKIPPING)
  return inFiles((folder) => {
    const ledgers = sizes.map((size) => ({ size, place: join(folder, `${size}.db`) }))
    return runHost(node, [], { driver: 'sqlite', ledgers, extent })
  })
}

const measureDenoKv: Measure = (sizes, extent) =>
  inFiles((folder) => {
    const ledgers = sizes.map((size) => ({ size, place: join(folder, `${size}.db`) }))
    const permissions = [`--allow-read=${folder}`, `--allow-write=${folder}`]
    const flags = ['--no-prompt', '--no-lock', '--cached-only', '--unstable-kv', ...permissions]
    return runHost(DENO, ['run', ...flags], { driver: 'deno-kv', ledgers, extent })
  })

const measureRedis: Measure = async (sizes, extent) => {
  requireRedis(SKIPPING)
  // The disk is the same for all; that it is rewritten in the middle would be noise.
  const settings = ['appendfsync everysec', 'auto-aof-rewrite-percentage 0']
  const servers: RedisServer[] = []
  try {
    for (const _ of sizes) servers.push(await startRedisServer({ settings }))
    const ledgers = sizes.map((size, i) => ({ size, place: servers[i]?.url ?? '' }))
    return await runHost(process.execPath, TSX, { driver: 'redis', ledgers, extent })
  } finally {
    for (const server of servers) await server.close()
  }
}

const measureObjects: Measure = async (sizes, extent) => {
  const stores: { close(): Promise<void> }[] = []
  const ledgers: FilledLedger[] = []
  try {
    for (const size of sizes) {
      const store = await openWorkerStore()
      stores.push(store)
      const filled = { ledger: store.ledger, size }
      ledgers.push(filled)
      const show = (done: number): void => {
        if (done % 10_000 === 0) progress(`Durable Objects: ${done} of ${size}`)
      }
      await fillLedger(filled, show, 100)
    }
    return await measureLedgers(ledgers, { ...extent, together: true })
  } finally {
    for (const store of stores) await store.close()
  }
}

const showTable = (name: string, sizes: readonly number[], costs: Costs): void => {
  for (const [operation, values] of Object.entries(costs)) {
    const columns = sizes.map(
      (size, i) => `${(values[i] ?? 0).toFixed(1).padStart(9)} µs at ${size}`,
    )
    console.log(`ledger: ${name.padEnd(15)} ${operation.padEnd(5)} ${columns.join(' ')}`)
  }
}

const ratiosOf = (sizes: readonly number[], many: number, costs: Costs) => {
  const ratio = (values: readonly number[], size: number): number =>
    Number(((values[sizes.indexOf(size)] ?? Number.NaN) / (values[0] ?? Number.NaN)).toFixed(2))
  return {
    read: ratio(costs.read, many),
    write: ratio(costs.write, many),
    page: ratio(costs.page, many),
    ...(sizes.includes(FLEET) && { page_100k: ratio(costs.page, FLEET) }),
  }
}

interface Driver {
  readonly name: string
  readonly measure: Measure
  /** Instances in its ledgers. */
  readonly sizes: readonly number[]
  readonly rounds: number
  /** Calls in one block: a millisecond or some. */
  readonly block: readonly [read: number, write: number, page: number]
}

/** Measures all ledgers, prints a table and a line of the ratios: cost at many to cost at 1,000. */
export const runLedgerBenchmarks = async ({
  quick,
}: {
  readonly quick: boolean
}): Promise<void> => {
  const most = quick ? 10_000 : 1_000_000
  // Those that are slow to fill.
  const fewer = quick ? 10_000 : FLEET
  const all = [...new Set([FEW, most, FLEET])].toSorted((a, b) => a - b)
  const both = [FEW, fewer]
  const drivers: readonly Driver[] = [
    { name: 'memory', measure: measureMemory, sizes: all, rounds: 100, block: [200, 100, 5] },
    { name: 'sqlite', measure: measureSqlite, sizes: all, rounds: 100, block: [50, 30, 5] },
    { name: 'redis', measure: measureRedis, sizes: all, rounds: 100, block: [20, 20, 2] },
    { name: 'deno_kv', measure: measureDenoKv, sizes: both, rounds: 60, block: [20, 4, 2] },
    {
      name: 'durable_objects',
      measure: measureObjects,
      sizes: both,
      rounds: 30,
      block: [10, 10, 1],
    },
  ]
  const ratios: Record<string, ReturnType<typeof ratiosOf>> = {}
  for (const { name, measure, sizes, rounds, block } of drivers) {
    const [read, write, page] = block
    progress(`ledger: ${name}, ${sizes.join(', ')} instances`)
    try {
      const costs = await measure(sizes, {
        rounds: quick ? rounds : 2 * rounds,
        block: { read, write, page },
      })
      showTable(name, sizes, costs)
      ratios[name] = ratiosOf(sizes, sizes === both ? fewer : most, costs)
    } catch (error) {
      if (!(error instanceof SkippedError)) throw error
      console.log(`ledger: ${name}: skipped: ${error.message}`)
    }
  }
  console.log(`BENCH_LEDGER ${JSON.stringify(ratios)}`)
}
