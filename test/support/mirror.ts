// Whether `test/unit/` mirrors `src/`: each source file of a layer has a test at the same place that imports it.

import { posix } from 'node:path'
import { importsOf } from './layers.ts'

/** Reads a file of the project; `undefined` if there is none. */
export type ReadFile = (path: string) => string | undefined

/** What is compared. */
export interface MirrorOptions {
  /** Paths below `src/` and below `test/unit/`. */
  readonly sources: readonly string[]
  readonly tests: readonly string[]
  /** Sources without a test of their own, each with the test that covers it. */
  readonly coveredBy: Readonly<Record<string, string>>
  /** Tests of no single source, each with its subject. */
  readonly topics: Readonly<Record<string, string>>
  readonly read: ReadFile
}

/** The project's files that a file imports. */
const importedBy = (path: string, read: ReadFile): readonly string[] =>
  importsOf(read(path) ?? '')
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(path), specifier))

/** Whether a file imports another one, itself or through what it imports. */
const reaches = (from: string, target: string, read: ReadFile): boolean => {
  const found = new Set([from])
  for (const path of found) {
    for (const imported of importedBy(path, read)) found.add(imported)
    if (found.has(target)) return true
  }
  return false
}

/** Where the test of a source is. */
const testOf = (source: string): string =>
  source.replace(/^src\//, 'test/unit/').replace(/\.ts$/, '.test.ts')

/** What keeps the tests from mirroring the sources; empty if nothing does. */
export const mirrorProblems = (options: MirrorOptions): readonly string[] => {
  const { sources, tests, coveredBy, topics, read } = options
  const mirrored = new Map(sources.map((source) => [testOf(source), source]))
  const ofSources = sources.flatMap((source) => {
    const test = testOf(source)
    const other = coveredBy[source]
    if (!tests.includes(test)) {
      if (other === undefined) return [`${source} has no test: add ${test}`]
      if (read(other) === undefined) return [`${source} is covered by ${other}, which is missing`]
      return reaches(other, source, read) ? [] : [`${other} does not reach ${source}`]
    }
    if (other !== undefined) return [`${source} has a test of its own: take it off the list`]
    return importedBy(test, read).includes(source) ? [] : [`${test} does not import ${source}`]
  })
  const ofTests = tests.flatMap((test) => {
    const isTopic = test in topics
    if (mirrored.has(test)) return isTopic ? [`${test} is of a source: it is no topic`] : []
    return isTopic ? [] : [`${test} is of no source: move it, or list its topic`]
  })
  const gone = [
    ...Object.keys(coveredBy).filter((source) => !sources.includes(source)),
    ...Object.keys(topics).filter((test) => !tests.includes(test)),
  ].map((path) => `${path} is on a list, and missing`)
  return [...ofSources, ...ofTests, ...gone]
}
