// A table at the end of a run: each behaviour, on each runtime. Nothing if none of them was run.

import type { Reporter, TestModule } from 'vitest/node'

const SIGNS = { passed: 'yes', failed: 'NO', skipped: 'skipped', pending: '?' } as const

interface Results {
  /** Of each behaviour, and in it of each runtime. */
  readonly signs: Map<string, Map<string, string>>
  /** What each runtime said that it is. */
  readonly engines: Map<string, string>
}

const collect = (modules: readonly TestModule[]): Results => {
  const results: Results = { signs: new Map(), engines: new Map() }
  for (const testModule of modules) {
    if (!testModule.moduleId.includes('/test/system/runtime/')) continue
    for (const suite of testModule.children.suites()) {
      for (const test of suite.children.tests()) {
        const row = results.signs.get(test.name) ?? new Map<string, string>()
        row.set(suite.name, SIGNS[test.result().state])
        results.signs.set(test.name, row)
        const { engine } = test.meta()
        if (engine !== undefined) results.engines.set(suite.name, engine)
      }
    }
  }
  return results
}

const print = ({ signs, engines }: Results): void => {
  const runtimes = [...new Set([...signs.values()].flatMap((row) => [...row.keys()]))].toSorted()
  const width = Math.max(...[...signs.keys()].map(({ length }) => length))
  // The runtimes' names are long: numbered above, so that the columns stay narrow.
  const columns = runtimes.map((_, index) => String(index + 1).padStart(7)).join('')
  const legend = runtimes.map(
    (name, index) => `${index + 1}: ${name} (${engines.get(name) ?? 'was not asked'})`,
  )
  console.log(`\n${legend.join('\n')}\n`)
  console.log(`${' '.repeat(width)}${columns}`)
  for (const [behaviour, row] of signs) {
    const cells = runtimes.map((name) => (row.get(name) ?? '-').padStart(7))
    console.log(`${behaviour.padEnd(width)}${cells.join('')}`)
  }
}

/** The reporter, as vitest takes it: the file's default export. */
export default class TableReporter implements Reporter {
  onTestRunEnd(testModules: readonly TestModule[]): void {
    const results = collect(testModules)
    if (results.signs.size > 0) print(results)
  }
}
