// A table at the end of a run: each behaviour, on each runtime. Nothing if none of them was run.

import type { Reporter, TestModule } from 'vitest/node'

const SIGNS = { passed: 'yes', failed: 'NO', skipped: 'skipped', pending: '?' } as const

type Results = Map<string, Map<string, string>>

const collect = (modules: readonly TestModule[]): Results => {
  const results: Results = new Map()
  for (const testModule of modules) {
    if (!testModule.moduleId.includes('/test/runtime/')) continue
    for (const suite of testModule.children.suites()) {
      for (const test of suite.children.tests()) {
        const row = results.get(test.name) ?? new Map<string, string>()
        row.set(suite.name, SIGNS[test.result().state])
        results.set(test.name, row)
      }
    }
  }
  return results
}

const print = (results: Results): void => {
  const runtimes = [...new Set([...results.values()].flatMap((row) => [...row.keys()]))].toSorted()
  const width = Math.max(...[...results.keys()].map(({ length }) => length))
  // The runtimes' names are long: numbered above, so that the columns stay narrow.
  const columns = runtimes.map((_, index) => String(index + 1).padStart(7)).join('')
  console.log(`\n${runtimes.map((name, index) => `${index + 1}: ${name}`).join('\n')}\n`)
  console.log(`${' '.repeat(width)}${columns}`)
  for (const [behaviour, row] of results) {
    const cells = runtimes.map((name) => (row.get(name) ?? '-').padStart(7))
    console.log(`${behaviour.padEnd(width)}${cells.join('')}`)
  }
}

/** The reporter, as vitest takes it: the file's default export. */
export default class TableReporter implements Reporter {
  onTestRunEnd(testModules: readonly TestModule[]): void {
    const results = collect(testModules)
    if (results.size > 0) print(results)
  }
}
