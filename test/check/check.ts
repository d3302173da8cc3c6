// `npm run check`: everything that must hold before a change is kept. Ends with one line,
// `N passed, N failed`; under ROLLCALL_REQUIRE_ALL=1 what was skipped counts as failed.

import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasStartCosts, ratioProblems, staysFlat } from './benchmark.ts'
import { type Step, type StepResult, runStep } from './steps.ts'
import { countTests } from './test-report.ts'
import { type Timing, timingLines } from './timings.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-check-'))
const requireAll = process.env['ROLLCALL_REQUIRE_ALL'] === '1'

const bin = (name: string): string => join('node_modules/.bin', name)
const node = (...args: readonly string[]): Pick<Step, 'command' | 'args'> => ({
  command: process.execPath,
  args: ['--import', 'tsx', ...args],
})
const reportOf = (name: string): string => join(folder, `${name.replaceAll(' ', '-')}.json`)

/** Tests, with a report beside what is printed. */
const tests = (name: string, config: string, limitSeconds: number): CheckStep => ({
  name,
  limitSeconds,
  command: bin('vitest'),
  args: [
    'run',
    `--config=${config}`,
    '--reporter=default',
    '--reporter=./test/system/runtime/table-reporter.ts',
    '--reporter=./test/support/closing-reporter.ts',
    '--reporter=json',
    `--outputFile.json=${reportOf(name)}`,
  ],
  hasTests: true,
})

/** A step, and what it has to show but for its exit status. */
interface CheckStep extends Step {
  readonly hasTests?: boolean
  /** What is wrong with its output. */
  readonly problems?: (stdout: string) => readonly string[]
}

/** Each ratio of the benchmark that is far beyond its limit, and ledgers whose cost grows. */
const benchmarkProblems = (stdout: string): string[] => [
  ...ratioProblems(stdout, requireAll),
  ...(staysFlat(stdout, requireAll)
    ? []
    : ['calls to a ledger cost more with more entries, or a ledger was not measured']),
]

const UNIT_TESTS = 'unit tests'

/** What is run at once stands in one group: it waits, or uses one processor. The others need the machine. */
const groups: readonly (readonly CheckStep[])[] = [
  [tests(UNIT_TESTS, 'vitest.config.ts', 400)],
  [
    { name: 'format', command: bin('prettier'), args: ['--check', '.'], limitSeconds: 180 },
    { name: 'lint', command: bin('oxlint'), args: ['--deny-warnings'], limitSeconds: 60 },
    { name: 'types', command: bin('tsc'), args: ['-p', '.'], limitSeconds: 240 },
    { name: 'types of the library', command: bin('tsc'), args: ['-p', 'src'], limitSeconds: 240 },
    { name: 'API reference', ...node('functions/build/docs.ts'), limitSeconds: 240 },
  ],
  [tests('system tests', 'test/system/vitest.config.ts', 1000)],
  [tests('long tests', 'test/long/vitest.config.ts', 600)],
  [
    {
      name: 'benchmark',
      ...node('test/bench/bench.ts', '--quick'),
      limitSeconds: 400,
      problems: benchmarkProblems,
    },
  ],
  [
    {
      name: 'start of the Worker',
      ...node('test/bench/worker-cpu.ts', '--quick'),
      limitSeconds: 120,
      problems: (stdout) => (hasStartCosts(stdout) ? [] : ['it did not show what a start costs']),
    },
  ],
  [
    { name: 'demo', ...node('test/demo/demo.ts'), limitSeconds: 120 },
    {
      name: 'demo of a relying party',
      ...node('test/demo/relying-party.ts'),
      limitSeconds: 120,
    },
    {
      name: 'demo of Kubernetes',
      ...node('test/demo/kubernetes.ts'),
      // It waits for the end of a certificate, and downloads kubectl the first time.
      limitSeconds: 300,
    },
  ],
]

/** `npm test` is to stay fast: a run that takes longer than this fails, unless the machine was busy. */
const UNIT_SECONDS = 90
const BUSY_LOAD = 2

/** What is wrong with how long the unit tests took. */
const slowness = (seconds: number, load: number): string[] => {
  if (seconds <= UNIT_SECONDS) return []
  const said = `npm test took ${seconds.toFixed(0)} s; it may take ${UNIT_SECONDS} s`
  if (load <= BUSY_LOAD) return [said]
  process.stdout.write(`warning: ${said}, but the load was ${load.toFixed(1)}\n`)
  return []
}

let passed = 0
let failed = 0
const failures: string[] = []
const timings: Timing[] = []
const judge = (step: CheckStep, result: StepResult, seconds: number, load: number): void => {
  const problems = [
    ...(result.failure === undefined ? [] : [result.failure]),
    ...(step.problems?.(result.stdout) ?? []),
  ]
  if (step.hasTests) {
    const counts = countTests(reportOf(step.name), requireAll)
    passed += counts.passed
    failed += counts.failed
    problems.push(...counts.failedNames)
    if (counts.passed === 0) problems.push('no test passed')
  }
  if (step.name === UNIT_TESTS) problems.push(...slowness(seconds, load))
  const ok = problems.length === 0
  if (ok) passed++
  else {
    failed++
    // Said again at the end, since the output before it is long.
    failures.push(`failed: ${step.name}`, ...problems.map((problem) => `  - ${problem}`))
  }
  timings.push({ name: step.name, seconds })
  process.stdout.write(`== ${step.name}: ${ok ? 'passed' : 'FAILED'} in ${seconds.toFixed(1)} s\n`)
}

const begun = Date.now()
for (const group of groups) {
  const [load = 0] = loadavg()
  const started = Date.now()
  process.stdout.write(`\n== ${group.map(({ name }) => name).join(', ')}\n`)
  await Promise.all(
    group.map(async (step) => {
      // The lines of several steps would be mixed: each shows its own at its end.
      const isAlone = group.length === 1
      const result = await runStep(step, { live: isAlone })
      if (!isAlone) process.stdout.write(`\n== ${step.name}\n${result.stdout}`)
      judge(step, result, (Date.now() - started) / 1000, load)
    }),
  )
}
rmSync(folder, { recursive: true, force: true })
process.stdout.write(`\n${timingLines(timings, (Date.now() - begun) / 1000).join('\n')}\n`)
if (failures.length > 0) process.stdout.write(`\n${failures.join('\n')}\n`)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
