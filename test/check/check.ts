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
  readonly shows?: (stdout: string) => boolean
}

/** Whether no ratio of the benchmark is far beyond its limit; says which ones are. */
const ratiosHold = (stdout: string): boolean => {
  const problems = ratioProblems(stdout, requireAll)
  for (const problem of problems) process.stdout.write(`${problem}\n`)
  return problems.length === 0
}

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
      shows: (stdout) => ratiosHold(stdout) && staysFlat(stdout, requireAll),
    },
  ],
  [
    {
      name: 'start of the Worker',
      ...node('test/bench/worker-cpu.ts', '--quick'),
      limitSeconds: 120,
      shows: hasStartCosts,
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

/** Whether the unit tests took no longer than they may. */
const isFast = (seconds: number, load: number): boolean => {
  if (seconds <= UNIT_SECONDS) return true
  const said = `npm test took ${seconds.toFixed(0)} s; it may take ${UNIT_SECONDS} s`
  const busy = load > BUSY_LOAD
  process.stdout.write(
    busy ? `warning: ${said}, but the load was ${load.toFixed(1)}\n` : `${said}\n`,
  )
  return busy
}

let passed = 0
let failed = 0
const failures: string[] = []
const timings: Timing[] = []
const judge = (step: CheckStep, result: StepResult, seconds: number, load: number): void => {
  let ok = result.ok && (step.shows?.(result.stdout) ?? true)
  if (step.hasTests) {
    const counts = countTests(reportOf(step.name), requireAll)
    passed += counts.passed
    failed += counts.failed
    ok &&= counts.failed === 0 && counts.passed > 0
  }
  if (step.name === UNIT_TESTS) ok = isFast(seconds, load) && ok
  if (ok) passed++
  else {
    failed++
    failures.push(step.name)
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
if (failures.length > 0) process.stdout.write(`\nfailed: ${failures.join(', ')}\n`)
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
