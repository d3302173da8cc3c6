// `npm run bench`: what verification and a whole enrollment cost, against the bare cryptography that
// they can't avoid and against general CMS libraries on the same bytes. All in one run, in turns,
// because machines are noisy: only the ratios mean anything. Before that, what a call to each ledger
// costs as instances become many; `--quick` makes that 10,000 of them instead of a million.

import { build } from 'esbuild'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from '../support/sources.ts'
import { runLedgerBenchmarks } from './ledger.ts'

const quick = process.argv.includes('--quick')
await runLedgerBenchmarks({ quick })

// The contenders are bundled, as the service is where it runs: running TypeScript from its source
// adds costs of its own to every function.
const folder = mkdtempSync(join(ROOT, 'node_modules/.bench-'))
try {
  const outfile = join(folder, 'contenders.mjs')
  await build({
    entryPoints: [join(ROOT, 'test/bench/contenders.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
  })
  const { runBenchmarks } = (await import(pathToFileURL(outfile).href)) as {
    runBenchmarks(options: { rounds: number; blocks: number }): Promise<void>
  }
  await runBenchmarks(quick ? { rounds: 2, blocks: 60 } : { rounds: 10, blocks: 120 })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
