// docs/security.md: each guarantee names tests that exist, and the packages are those that npm installs.

import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { tableRows } from '../support/markdown.ts'
import { packageNeeds } from '../support/packed-package.ts'
import { keptFiles, readProjectFile } from '../support/sources.ts'

const page = readProjectFile('docs/security.md')
const kept = new Set(keptFiles())

/** The first argument of each call in a source, where it is a text: the names of its tests among them. */
const textsOf = (source: string): Set<string> => {
  const texts = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const [first] = node.arguments
      if (first !== undefined && ts.isStringLiteralLike(first)) texts.add(first.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('test.ts', source, ts.ScriptTarget.ES2022))
  return texts
}

/** The tests that the page names: the label of each note, its file and its name. The formatter wraps long notes. */
const NAMED = [...page.matchAll(/^\[\^(t\d+)\]:\s+`([^`]+)`:\s+(.+(?:\n +.+)*)$/gm)].map(
  ([, label = '', path = '', name = '']) => ({ label, path, name: name.replaceAll(/\n +/g, ' ') }),
)
const labels = new Set(NAMED.map(({ label }) => label))

/** The rows of the tables of guarantees, and of the table of what a ban ends. */
const GUARANTEES = [
  ...page.matchAll(/^\| (?:guarantee|after a ban) +\|.*\n\|[ -|]+\n((?:\|.*\n)+)/gm),
].flatMap(([, rows = '']) => rows.trimEnd().split('\n'))

describe('the guarantees of docs/security.md', () => {
  it.each(NAMED)('name a test that exists: $path, $name', ({ path, name }) => {
    expect(path).toMatch(/^test\/(?:(?:unit|system|long)\/.*\.test|cases\/.*)\.ts$/)
    expect(kept).toContain(path)
    expect(textsOf(readProjectFile(path))).toContain(name)
  })

  it('each have a test', () => {
    expect(NAMED.length).toBeGreaterThan(60)
    expect(GUARANTEES.length).toBeGreaterThan(30)
    for (const row of GUARANTEES) {
      const used = [...row.matchAll(/\[\^(t\d+)\]/g)].map(([, label = '']) => label)
      expect([row, used.length > 0 && used.every((label) => labels.has(label))]).toEqual([
        row,
        true,
      ])
    }
  })

  it('use each note of the page', () => {
    const used = GUARANTEES.join('\n')
    expect([...labels].filter((label) => !used.includes(`[^${label}]`))).toEqual([])
  })
})

describe('the packages of docs/security.md', () => {
  it('are those that package.json names', () => {
    const { dependencies, peerDependencies } = packageNeeds()
    const named = tableRows(page, 'package').map(([name]) => name)
    expect(named.toSorted()).toEqual(
      Object.keys({ ...dependencies, ...peerDependencies }).toSorted(),
    )
  })

  it('need no others, as the page says', () => {
    for (const name of ['jose', 'valibot', 'hono']) {
      const json = readProjectFile(`node_modules/${name}/package.json`)
      expect(JSON.parse(json)).not.toHaveProperty('dependencies')
    }
  })
})
