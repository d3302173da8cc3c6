// Where is the test of a file? At the same place below `test/unit/`. The two lists are all that differs.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type MirrorOptions, mirrorProblems } from '../support/mirror.ts'
import { ROOT, readProjectFile, typeScriptFiles } from '../support/sources.ts'

const LAYERS = 'base codec verify policy registry token enroll operate admit'.split(' ')

/** Sources without a test of their own: types alone, or a part of what the named test is of. */
const COVERED_BY: Readonly<Record<string, string>> = {
  // Types alone.
  'src/verify/instance-identity.ts': 'test/unit/verify/verify-evidence.test.ts',
  // Constants alone, which the tests compare.
  'src/admit/kubernetes/csr-reasons.ts': 'test/unit/admit/kubernetes/decide-csr.test.ts',
  'src/base/wire/token-exchange.ts': 'test/unit/token/discovery.test.ts',
  'src/base/wire/paths.ts': 'test/unit/enroll/bound-challenge.test.ts',
  // The key of a request, which is read only with the request.
  'src/admit/kubernetes/request-key.ts': 'test/unit/admit/kubernetes/csr.test.ts',
}

/** Tests of no single source, and what they are about. */
const TOPICS: Readonly<Record<string, string>> = {
  'test/unit/verify/accepted.test.ts': 'evidence of two producers, in every shape that is taken',
  'test/unit/verify/properties.test.ts': 'all readers, for any bytes',
  'test/unit/verify/refusals-document.test.ts': 'documents that are truly signed',
  'test/unit/verify/refusals-envelope.test.ts': 'forged messages and signatures',
  'test/unit/enroll/interleavings.test.ts': 'an enrollment and what comes between its trips',
  'test/unit/enroll/refusals-freshness.test.ts': 'challenges through the whole enrollment',
  'test/unit/enroll/slow-retry.test.ts': 'a retry that others overtake',
  'test/unit/enroll/trips.test.ts': 'what an enrollment asks of the ledger',
}

const filesOf = (folder: string): readonly string[] =>
  LAYERS.map((layer) => `${folder}/${layer}`)
    .filter((path) => existsSync(join(ROOT, path)))
    .flatMap((path) => typeScriptFiles(path))

describe('test/unit/', () => {
  it('has a test for each source of the core, at its place, which imports it', () => {
    const sources = filesOf('src')
    expect(sources.length).toBeGreaterThan(50)
    const tests = filesOf('test/unit')
    const read = (path: string): string | undefined =>
      existsSync(join(ROOT, path)) ? readProjectFile(path) : undefined
    const lists = { coveredBy: COVERED_BY, topics: TOPICS }
    expect(mirrorProblems({ sources, tests, read, ...lists })).toEqual([])
  })
})

describe('mirrorProblems()', () => {
  const FILES: Readonly<Record<string, string>> = {
    'src/base/a.ts': 'export const a = 1',
    'src/base/b.ts': "export * from './a.ts'",
    'test/unit/base/a.test.ts': "import { a } from '../../../src/base/a.ts'",
    'test/unit/base/b.test.ts': "import * as b from '../../../src/base/b.ts'",
    'test/unit/base/other.test.ts': "import * as b from '../../../src/base/b.ts'",
  }
  const problems = (
    files: Readonly<Record<string, string | undefined>>,
    lists: Partial<MirrorOptions> = {},
  ): readonly string[] => {
    const present = { ...FILES, ...files }
    const paths = Object.keys(present).filter((path) => present[path] !== undefined)
    return mirrorProblems({
      sources: paths.filter((path) => path.startsWith('src/')),
      tests: paths.filter((path) => path.startsWith('test/')),
      coveredBy: {},
      topics: { 'test/unit/base/other.test.ts': 'a topic' },
      read: (path) => present[path],
      ...lists,
    })
  }
  const A_TEST = 'test/unit/base/a.test.ts'

  it('finds none where each source has its test', () => {
    expect(problems({})).toEqual([])
  })

  it('lets another test cover a source, also by what that imports', () => {
    const coveredBy = { 'src/base/a.ts': 'test/unit/base/other.test.ts' }
    expect(problems({ [A_TEST]: undefined }, { coveredBy })).toEqual([])
  })

  it.each<[string, Readonly<Record<string, string | undefined>>, Partial<MirrorOptions>, string]>([
    ['no test', { [A_TEST]: undefined }, {}, 'src/base/a.ts has no test: add'],
    ['a test that imports another file', { [A_TEST]: "import './x.ts'" }, {}, 'does not import'],
    [
      'a test that names it in a comment',
      { [A_TEST]: "// '../../../src/base/a.ts'" },
      {},
      'does not import',
    ],
    ['a test of no source', { 'test/unit/base/c.test.ts': '' }, {}, 'is of no source'],
    [
      'a topic that is a source’s test',
      {},
      { topics: { [A_TEST]: 'x', 'test/unit/base/other.test.ts': 'x' } },
      'it is no topic',
    ],
    [
      'a covering test that is missing',
      { [A_TEST]: undefined },
      { coveredBy: { 'src/base/a.ts': 'test/unit/none.test.ts' } },
      'which is missing',
    ],
    [
      'a covering test that does not reach it',
      { [A_TEST]: undefined, 'src/base/b.ts': '' },
      { coveredBy: { 'src/base/a.ts': 'test/unit/base/other.test.ts' } },
      'does not reach',
    ],
    [
      'a covering test that is needless',
      {},
      { coveredBy: { 'src/base/a.ts': 'test/unit/base/other.test.ts' } },
      'take it off the list',
    ],
    [
      'a source on the list that is gone',
      {},
      { coveredBy: { 'src/base/gone.ts': A_TEST } },
      'src/base/gone.ts is on a list, and missing',
    ],
    [
      'a topic that is gone',
      {},
      { topics: { 'test/unit/base/other.test.ts': 'x', 'test/unit/base/gone.test.ts': 'x' } },
      'gone.test.ts is on a list, and missing',
    ],
  ])('finds %s', (_, files, lists, problem) => {
    expect(problems(files, lists)).toEqual([expect.stringContaining(problem)])
  })
})
