// What a run says last, so that nobody overlooks it: why tests were skipped, and which passed only at the second
// try.

import type { Reporter, TestCase, TestModule } from 'vitest/node'

const NO_REASON = 'no reason was given'

const print = (title: string, lines: readonly string[]): void => {
  if (lines.length > 0) console.log(`\n${title}\n${lines.map((line) => `  - ${line}`).join('\n')}`)
}

/** Each reason once, with the number of tests that were skipped for it. */
const skipReasons = (tests: readonly TestCase[]): string[] => {
  const counts = new Map<string, number>()
  for (const test of tests) {
    const result = test.result()
    if (result.state !== 'skipped') continue
    const reason = result.note ?? NO_REASON
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return [...counts].map(([reason, count]) => `${reason} (${count} test${count === 1 ? '' : 's'})`)
}

/** The reporter, as vitest takes it: the file's default export. */
export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((each) => [...each.children.allTests()])
    print(
      'Passed at the second try only:',
      tests.filter((test) => test.diagnostic()?.flaky === true).map(({ fullName }) => fullName),
    )
    print('Skipped:', skipReasons(tests))
  }
}
