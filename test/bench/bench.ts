// `npm run bench`: what verification, an enrollment and the Node server cost, as ratios: to what they can't avoid, to
// other libraries, and to a bare service. All in turns in one run, because machines are noisy: only the
// ratios mean anything. Before that, what a call to each ledger costs as instances become many. `--quick` takes fewer
// rounds and fewer instances.

import { build } from 'esbuild'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { ROOT } from '../support/sources.ts'
import { type Comparison, type Ratios, measureComparison } from './comparison.ts'
import { runLedgerBenchmarks } from './ledger.ts'
import { LIMITS, RATIO_NAMES, type RatioName, verdict } from './limits.ts'
import type { LibraryOptions } from './library.ts'
import { serverRatios, startServers } from './node-contenders.ts'
import { SkippedError } from './skipped.ts'
import { measureSqliteGroups } from './sqlite-groups.ts'

const { quick = false } = parseArgs({ options: { quick: { type: 'boolean' } } }).values
const EXTENT = quick
  ? { rounds: 5, warmUpMs: 500, enrollments: 200 }
  : { rounds: 15, warmUpMs: 2_000, enrollments: 400 }

/** The comparisons of the library, bundled as the service is: TypeScript from its source adds costs of its own. */
const loadLibrary = async (folder: string): Promise<Comparison[]> => {
  const outfile = join(folder, 'library.mjs')
  await build({
    entryPoints: [join(ROOT, 'test/bench/library.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
  })
  const { libraryComparisons } = (await import(pathToFileURL(outfile).href)) as {
    libraryComparisons(options: LibraryOptions): Promise<Comparison[]>
  }
  return libraryComparisons({ warmUpMs: EXTENT.warmUpMs, folder })
}

const SERVERS: Comparison = {
  name: 'servers',
  async open() {
    const { round, close, skipped } = await startServers(EXTENT.enrollments)
    if (skipped !== undefined) console.log(`servers: Go skipped: ${skipped}`)
    return { round: async () => serverRatios(await round()), close }
  },
}

/** Milliseconds that the disk takes for a small file, written and flushed: what a group of writes shares. */
let flushMs: number | undefined

const SQLITE_GROUPS: Comparison = {
  name: 'SQLite, groups of writes',
  // It makes its rounds in one process.
  rounds: 1,
  open: async () => ({
    async round() {
      const { ratio, disk_flush_us } = await measureSqliteGroups({ rounds: EXTENT.rounds })
      flushMs = Number((disk_flush_us / 1000).toFixed(2))
      return { sqlite_groups_ratio: ratio }
    },
  }),
}

const measureOrSkip = async (comparison: Comparison): Promise<Ratios> => {
  process.stderr.write(`${comparison.name}\n`)
  try {
    return await measureComparison(comparison, EXTENT.rounds)
  } catch (error) {
    // By its name: the bundle has a class of its own.
    if ((error as Error).name !== SkippedError.name) throw error
    console.log(`${comparison.name}: skipped: ${(error as Error).message}`)
    return {}
  }
}

const showRatio = (name: RatioName, ratio: number): void => {
  const { bound, aim, limit, what } = LIMITS[name]
  const cells = [ratio, aim, limit].map((value) => value.toFixed(2).padStart(8))
  console.log(`${name.padEnd(20)}${cells.join('')} ${bound}, ${verdict(name, ratio)}: ${what}`)
}

await runLedgerBenchmarks({ quick })
// Inside the project, so that the bundle finds its packages.
const folder = mkdtempSync(join(ROOT, 'node_modules/.bench-'))
try {
  const measured: Record<string, number> = {}
  for (const comparison of [...(await loadLibrary(folder)), SQLITE_GROUPS, SERVERS]) {
    Object.assign(measured, await measureOrSkip(comparison))
  }
  console.log(`Node ${process.version}, medians of ${EXTENT.rounds} rounds in turns`)
  console.log(
    `${'ratio'.padEnd(20)}${['seen', 'aim', 'limit'].map((it) => it.padStart(8)).join('')}`,
  )
  const names = RATIO_NAMES.filter((name) => name in measured)
  for (const name of names) showRatio(name, measured[name] as number)
  if (flushMs !== undefined) console.log(`the disk flushes a small file in ${flushMs} ms`)
  const line = Object.fromEntries(names.map((name) => [name, measured[name]]))
  console.log(`BENCH ${JSON.stringify({ ...line, flush_ms: flushMs })}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
