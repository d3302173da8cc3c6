// What must hold of the pages of the documentation, whatever they say.

import { describe, expect, it } from 'vitest'
import { generatedPages } from '../generate/page-tables.ts'
import { anchorsOf, brokenLinks, linksOf, pagePaths } from '../support/pages.ts'
import { keptFiles, readProjectFile } from '../support/sources.ts'

const FRONT_DOOR_LINES = 150

const kept = new Set(keptFiles())
const read = (path: string): string | undefined =>
  kept.has(path) ? readProjectFile(path) : undefined
const isFolder = (path: string): boolean => [...kept].some((file) => file.startsWith(`${path}/`))

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
  it.each(pagePaths())('%s has links that lead somewhere', (path) => {
    expect(brokenLinks(path, read, isFolder)).toEqual([])
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
