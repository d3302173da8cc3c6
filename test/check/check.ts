// `npm run check`: everything that must hold before a change is kept. Ends with one line,
// `N passed, N failed`; under ROLLCALL_REQUIRE_ALL=1 what was skipped counts as failed.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Step, runStep } from './steps.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-check-'))
const report = join(folder, 'tests.json')
const requireAll = process.env['ROLLCALL_REQUIRE_ALL'] === '1'

const bin = (name: string): string => join('node_modules/.bin', name)
const reporters = [
  '--reporter=default',
  '--reporter=./test/system/runtime/table-reporter.ts',
  '--reporter=json',
  `--outputFile.json=${report}`,
]
const node = (...args: readonly string[]): Pick<Step, 'command' | 'args'> => ({
  command: process.execPath,
  args: ['--import', 'tsx', ...args],
})

const TESTS = 'tests'
const BENCHMARK = 'benchmark'

const steps: readonly Step[] = [
  { name: 'format', command: bin('prettier'), args: ['--check', '.'], limitSeconds: 60 },
  { name: 'lint', command: bin('oxlint'), args: ['--deny-warnings'], limitSeconds: 60 },
  { name: 'types', command: bin('tsc'), args: ['-p', '.'], limitSeconds: 120 },
  { name: 'types of the library', command: bin('tsc'), args: ['-p', 'src'], limitSeconds: 120 },
  { name: TESTS, command: bin('vitest'), args: ['run', ...reporters], limitSeconds: 1300 },
  { name: BENCHMARK, ...node('test/bench/bench.ts', '--quick'), limitSeconds: 400 },
  { name: 'demo', ...node('test/demo/demo.ts'), limitSeconds: 60 },
]

interface TestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
}

/** How many tests passed and failed; nothing if there is no report, which is a failure of the step. */
const countTests = (): { passed: number; failed: number } => {
  try {
    const tests = JSON.parse(readFileSync(report, 'utf8')) as TestReport
    const skipped = tests.numPendingTests + tests.numTodoTests
    if (skipped > 0) process.stdout.write(`${skipped} tests were skipped\n`)
    const failed = tests.numFailedTests + (requireAll ? skipped : 0)
    return { passed: tests.numPassedTests, failed }
  } catch {
    return { passed: 0, failed: 0 }
  }
}

/** The last line of the benchmark, with every ratio in it. */
const hasRatios = (stdout: string): boolean =>
  /^BENCH \{"verify_ratio":[0-9.]+,"enroll_ratio":[0-9.]+,"asn1_cms_ratio":[0-9.]+,"pkijs_ratio":[0-9.]+\}$/.test(
    stdout.trimEnd().split('\n').at(-1) ?? '',
  )

/** Ten times the entries: a cost that grew with them would be ten times as high. */
const MAX_GROWTH = 5
const LEDGERS = ['memory', 'sqlite', 'redis', 'deno_kv', 'durable_objects']

/** Whether a call to each ledger costs about the same, however many entries there are. */
const staysFlat = (stdout: string): boolean => {
  const line = /^BENCH_LEDGER (\{.*\})$/m.exec(stdout)?.[1] ?? '{}'
  const ratios = JSON.parse(line) as Record<string, Record<string, number>>
  const measured = LEDGERS.filter((name) => name in ratios)
  if (requireAll && measured.length < LEDGERS.length) return false
  const all = measured.flatMap((name) => Object.values(ratios[name] ?? {}))
  return all.length > 0 && all.every((ratio) => ratio < MAX_GROWTH)
}

let passed = 0
let failed = 0
const failures: string[] = []
for (const step of steps) {
  const started = Date.now()
  process.stdout.write(`\n== ${step.name}\n`)
  const result = await runStep(step)
  let { ok } = result
  if (step.name === BENCHMARK) ok &&= hasRatios(result.stdout) && staysFlat(result.stdout)
  if (step.name === TESTS) {
    const tests = countTests()
    passed += tests.passed
    failed += tests.failed
    ok &&= tests.failed === 0 && tests.passed > 0
  }
  if (ok) passed++
  else {
    failed++
    failures.push(step.name)
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  process.stdout.write(`== ${step.name}: ${ok ? 'passed' : 'FAILED'} in ${seconds} s\n`)
}
rmSync(folder, { recursive: true, force: true })
if (failures.length > 0) process.stdout.write(`\nfailed: ${failures.join(', ')}\n`)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
