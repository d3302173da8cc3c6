// What must hold of the pages of the documentation, whatever they say.

import { describe, expect, it } from 'vitest'
import { generatedPages } from '../generate/page-tables.ts'
import { BAD_TOKEN_NAMES } from '../support/bad-tokens.ts'
import { everyTable } from '../support/markdown.ts'
import { anchorsOf, brokenLinks, linksOf, pagePaths, withoutFences } from '../support/pages.ts'
import { keptFiles, readProjectFile } from '../support/sources.ts'

const FRONT_DOOR_LINES = 150

const kept = new Set(keptFiles())
const read = (path: string): string | undefined =>
  kept.has(path) ? readProjectFile(path) : undefined
const isFolder = (path: string): boolean => [...kept].some((file) => file.startsWith(`${path}/`))

/** What npm packs beside the code, as `package.json` names it. */
const { files } = JSON.parse(readProjectFile('package.json')) as { readonly files: string[] }
const isPacked = (path: string): boolean =>
  files.some((file) => path === file || path.startsWith(`${file}/`))
const packed = pagePaths().filter(isPacked)

const generated = await generatedPages()

describe('brokenLinks()', () => {
  const files: Record<string, string> = {
    'docs/a.md': '# A\n\n## What, and `why`?\n\n## Twice\n\n## Twice\n',
    'README.md': '# R\n',
  }
  const broken = (text: string): string[] =>
    brokenLinks(
      'docs/b.md',
      (path) => (path === 'docs/b.md' ? text : files[path]),
      (path) => path === 'docs',
    )

  it('accepts files, folders, headings and addresses', () => {
    const links = ['a.md', '../README.md', '../docs/', 'a.md#what-and-why', 'a.md#twice-1']
    const text = [...links, '#b', 'https://example.com/x'].map((link) => `[x](${link})`)
    expect(broken(`# B\n\n${text.join('\n')}`)).toEqual([])
  })

  it('finds a file that is missing, and a heading that is missing', () => {
    expect(broken('[x](c.md), [y](a.md#when), [z](#b), [w](../docs/#a)\n\n[v]: d.md\n')).toEqual([
      'c.md',
      'a.md#when',
      '#b',
      '../docs/#a',
      'd.md',
    ])
  })

  it('passes over code', () => {
    expect(linksOf('`[a](b)`\n\n```sh\n# [c](d)\n```\n\n[`e`](f)\n')).toEqual(['f'])
    expect([...anchorsOf('# One\n\n```sh\n# two\n```\n')]).toEqual(['one'])
  })
})

describe('the pages', () => {
  it('are in the package, with all of docs/', () => {
    expect(packed).toContain('README.md')
    expect(packed.length).toBeGreaterThan(25)
  })

  it.each(pagePaths())('%s has links that lead somewhere', (path) => {
    expect(brokenLinks(path, read, isFolder)).toEqual([])
  })

  it.each(pagePaths())('%s counts the bad tokens right', (path) => {
    const counts = [...(read(path) ?? '').matchAll(/(\d+) (?:kinds of )?bad (?:tokens|ones)/g)]
    expect(new Set(counts.map(([, count]) => Number(count)))).toEqual(
      new Set(counts.length === 0 ? [] : [BAD_TOKEN_NAMES.length]),
    )
  })

  it.each(packed)('%s leads only to what the package has too', (path) => {
    const inPackage = (target: string): string | undefined =>
      isPacked(target) ? read(target) : undefined
    expect(brokenLinks(path, inPackage, (folder) => isFolder(folder) && isPacked(folder))).toEqual(
      [],
    )
  })

  it.each(pagePaths())('%s has tables whose rows are as long as their heads', (path) => {
    const uneven = everyTable(withoutFences(read(path) ?? '')).flatMap(({ head, rows }) =>
      rows.filter((row) => row.length !== head.length).map((row) => row.join(' | ')),
    )
    expect(uneven).toEqual([])
  })

  it.each(generated)('$path has the tables that the code has', ({ path, text }) => {
    const hint = `${path} is older than the tables of the code; run: npm run generate`
    expect(text === readProjectFile(path), hint).toBe(true)
  })

  it('begin with a front door of one screen and a half', () => {
    const lines = readProjectFile('README.md').split('\n').length - 1
    expect(lines).toBeLessThanOrEqual(FRONT_DOOR_LINES)
  })

  it('are all in the contents of docs/README.md', () => {
    const listed = new Set(linksOf(readProjectFile('docs/README.md')))
    const pages = pagePaths()
      .filter((path) => /^docs\/(?!README\.md|samples\/|api\/)/.test(path))
      .map((path) => path.slice('docs/'.length))
    expect(pages.filter((path) => !listed.has(path))).toEqual([])
  })
})
