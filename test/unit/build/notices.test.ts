import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noticesFor, packagesIn } from '../../../functions/build/notices.ts'

describe('noticesFor()', () => {
  const root = mkdtempSync(join(tmpdir(), 'rollcall-notices-'))
  const modules = join(root, 'node_modules')

  const install = (name: string, files: Record<string, string>): void => {
    for (const [path, text] of Object.entries(files)) {
      const file = join(modules, name, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
  }
  const about = (name: string, version = '1.0.0'): string =>
    JSON.stringify({ name, version, license: 'MIT' })

  beforeAll(() => {
    install('b', { 'package.json': about('b'), LICENSE: 'the text of b\n' })
    install('@s/a', { 'package.json': about('@s/a'), 'license.md': 'the text of a' })
    install('b/node_modules/c', { 'package.json': about('c', '2.0.0'), LICENCE: 'the text of c' })
    install('b/lib', { 'package.json': '{"type":"module"}' })
    install('bare', { 'package.json': about('bare') })
    install('unnamed', { 'package.json': '{}', LICENSE: 'x' })
  })
  afterAll(() => rmSync(root, { recursive: true }))

  it('has the text of each package once, sorted, nested packages by themselves', () => {
    const notices = noticesFor([
      join(modules, 'b/lib/x.js'),
      join(modules, 'b/index.js'),
      join(modules, '@s/a/index.js'),
      join(modules, 'b/node_modules/c/c.js'),
    ])
    expect(packagesIn(notices ?? '')).toEqual(['@s/a 1.0.0', 'b 1.0.0', 'c 2.0.0'])
    expect(notices?.match(/the text of \w/g)).toEqual([
      'the text of a',
      'the text of b',
      'the text of c',
    ])
  })

  it('passes over modules of the project and of the bundler', () => {
    expect(noticesFor(['src/index.ts', '\0rolldown/runtime.js'])).toBeUndefined()
  })

  it.each(['bare', 'unnamed'])('refuses the package %s, which says too little', (name) => {
    expect(() => noticesFor([join(modules, name, 'index.js')])).toThrow(
      `${join(modules, name)} must have a name, a version, a license and the text of that license`,
    )
  })
})
