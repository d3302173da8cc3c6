// Compares two runs of the tests: how many there are in each folder before and after, and which names are gone.
//
//   node --import tsx test/check/compare-reports.ts BEFORE.json AFTER.json [AFTER2.json ...]
//
// The reports are those of `vitest run --reporter=json --outputFile=FILE`. Several reports after count together,
// since each of the three commands writes its own.

import { readReport } from './test-report.ts'

const [beforePath, ...afterPaths] = process.argv.slice(2)
if (beforePath === undefined || afterPaths.length === 0) {
  console.error('usage: compare-reports.ts BEFORE.json AFTER.json [AFTER2.json ...]')
  process.exit(2)
}

interface Test {
  /** Below `test/`. */
  readonly folder: string
  readonly name: string
}

/** Every test that passed. */
const testsOf = (path: string): Test[] =>
  readReport(path).testResults.flatMap(({ name: file, assertionResults }) => {
    const folder = file.replace(/^.*?\/test\//, '').replace(/\/?[^/]*$/, '') || '.'
    return assertionResults
      .filter(({ status }) => status === 'passed')
      .map(({ fullName }) => ({ folder, name: fullName }))
  })

const countBy = (keys: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

const before = testsOf(beforePath)
const after = afterPaths.flatMap(testsOf)

const [was, is] = [before, after].map((tests) => countBy(tests.map(({ folder }) => folder)))
const folders = [...new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])].toSorted()
console.log(`${'folder'.padEnd(36)}${'before'.padStart(8)}${'after'.padStart(8)}`)
for (const folder of folders) {
  const cells = [was, is].map((counts) => String(counts?.get(folder) ?? 0).padStart(8))
  console.log(`${folder.padEnd(36)}${cells.join('')}`)
}
console.log(
  `${'all'.padEnd(36)}${String(before.length).padStart(8)}${String(after.length).padStart(8)}`,
)

const left = countBy(after.map(({ name }) => name))
const gone = before.filter(({ name }) => {
  const count = left.get(name) ?? 0
  left.set(name, count - 1)
  return count <= 0
})
console.log(`\n${gone.length} names of before are gone or renamed:`)
for (const { folder, name } of gone) console.log(`  - ${folder}: ${name}`)
