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

/**
 * How many tests passed and failed; none if there is no report, which is a failure of the step.
 * @param requireAll whether a skipped test counts as failed
 */
export const countTests = (
  path: string,
  requireAll: boolean,
): { readonly passed: number; readonly failed: number } => {
  try {
    const report = readReport(path)
    const skipped = report.numPendingTests + report.numTodoTests
    if (skipped > 0) process.stdout.write(`${skipped} tests were skipped\n`)
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + (requireAll ? skipped : 0),
    }
  } catch {
    return { passed: 0, failed: 0 }
  }
}
