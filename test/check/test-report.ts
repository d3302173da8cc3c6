// Reports of test runs, as vitest writes them with --reporter=json.

import { readFileSync } from 'node:fs'

/** A report, as far as it is read here. */
export interface TestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    /** The path of the test's file. */
    readonly name: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

/** @throws Error if the file is missing or is not JSON */
export const readReport = (path: string): TestReport =>
  JSON.parse(readFileSync(path, 'utf8')) as TestReport

/** What a run of tests came to. */
export interface TestCounts {
  readonly passed: number
  readonly failed: number
  /** The names of the tests that failed, after their files. */
  readonly failedNames: readonly string[]
}

/** How many names are shown; the whole list stands in the output of the tests. */
const SHOWN = 20

/** The failed tests of a report, by name. */
export const failedNames = ({ testResults }: TestReport, requireAll: boolean): string[] => {
  const failed = requireAll ? ['failed', 'pending', 'skipped', 'todo'] : ['failed']
  const names = testResults.flatMap(({ name: file, assertionResults }) =>
    assertionResults
      .filter(({ status }) => failed.includes(status))
      .map(({ fullName, status }) => {
        const why = status === 'failed' ? '' : ' (skipped)'
        return `${file.replace(/^.*\/(?=test\/)/, '')}: ${fullName}${why}`
      }),
  )
  const more = names.length - SHOWN
  return more > 0 ? [...names.slice(0, SHOWN), `and ${more} more`] : names
}

/**
 * How many tests passed and failed; none if there is no report, which is a failure of the step.
 * @param requireAll whether a skipped test counts as failed
 */
export const countTests = (path: string, requireAll: boolean): TestCounts => {
  try {
    const report = readReport(path)
    const skipped = report.numPendingTests + report.numTodoTests
    if (skipped > 0) process.stdout.write(`${skipped} tests were skipped\n`)
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + (requireAll ? skipped : 0),
      failedNames: failedNames(report, requireAll),
    }
  } catch {
    return { passed: 0, failed: 0, failedNames: ['no report was written'] }
  }
}
