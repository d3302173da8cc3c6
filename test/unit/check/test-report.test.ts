import { describe, expect, it } from 'vitest'
import { type TestReport, failedNames } from '../../check/test-report.ts'

const report = (statuses: readonly string[]): TestReport => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [
    {
      name: '/clone/test/unit/a.test.ts',
      assertionResults: statuses.map((status, at) => ({ fullName: `a ${at}`, status })),
    },
  ],
})

describe('failedNames()', () => {
  it('names each failed test after its file', () => {
    expect(failedNames(report(['passed', 'failed', 'skipped']), false)).toEqual([
      'test/unit/a.test.ts: a 1',
    ])
  })

  it('names skipped tests too where nothing may be skipped', () => {
    expect(failedNames(report(['passed', 'failed', 'pending', 'skipped']), true)).toEqual([
      'test/unit/a.test.ts: a 1',
      'test/unit/a.test.ts: a 2 (skipped)',
      'test/unit/a.test.ts: a 3 (skipped)',
    ])
  })

  it('shows 20 names, and how many there are besides', () => {
    const names = failedNames(report(Array.from({ length: 23 }, () => 'failed')), false)
    expect(names).toHaveLength(21)
    expect(names.at(-1)).toBe('and 3 more')
  })
})
