// What must hold of the files that the project keeps.

import { describe, expect, it } from 'vitest'
import { keptFiles, readProjectFile } from '../support/sources.ts'

const texts = keptFiles().filter((path) => !path.endsWith('.png'))

describe('the project', () => {
  it('has a lock file without addresses, so that any registry serves', () => {
    expect(readProjectFile('package-lock.json')).not.toContain('"resolved"')
  })

  it('names no host of a package registry', () => {
    const hosts = new RegExp(['registry', '\\.(?:npmjs|yarnpkg|npmmirror)\\.'].join(''))
    expect(texts.filter((path) => hosts.test(readProjectFile(path)))).toEqual([])
  })

  it('is private, so that it is not published by mistake', () => {
    expect(JSON.parse(readProjectFile('package.json'))).toMatchObject({ private: true })
  })

  it('has nobody fetch it by name, since a registry has no package of ours', () => {
    const name = String.raw`(?:[\w:]*@rollcall/)?rollcall(?![\w.-])`
    const options = String.raw`(?:\s+--?[\w=-]*)*\s+`
    const fetched = new RegExp(
      [
        `(?:npx|bunx|npm exec|(?:pnpm|yarn) dlx|bun x)${options}${name}`,
        `(?:npm (?:i|install|add)|(?:pnpm|yarn|bun|deno|jsr) (?:add|i|install))${options}${name}`,
        String.raw`(?:npm|jsr):/?(?:@rollcall/)?rollcall\b`,
      ].join('|'),
    )
    const line = ['npx', 'rollcall --version'].join(' ')
    for (const said of [
      line,
      ['npm', 'i -g rollcall'].join(' '),
      ['jsr', '@rollcall/rollcall'].join(':'),
    ]) {
      expect(said).toMatch(fetched)
    }
    expect('npm install --global ./rollcall-0.1.0.tgz').not.toMatch(fetched)
    expect(texts.filter((path) => fetched.test(readProjectFile(path)))).toEqual([])
  })

  it('names no path of a machine that it was made on', () => {
    const paths = new RegExp(['/(?:work', 'home|Users', 'root)/[a-z]'].join('|'))
    expect(texts.filter((path) => paths.test(readProjectFile(path)))).toEqual([])
  })

  it('keeps at the top level only what belongs there', () => {
    const top = new Set(texts.map((path) => path.split('/')[0]))
    expect([...top].toSorted()).toMatchInlineSnapshot(`
      [
        ".ci",
        ".dockerignore",
        ".gitignore",
        ".npmrc",
        ".oxlintrc.json",
        ".prettierignore",
        ".prettierrc.json",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Dockerfile",
        "LICENSE",
        "README.md",
        "README.zh-CN.md",
        "SECURITY.md",
        "deno.json",
        "docs",
        "functions",
        "package-lock.json",
        "package.json",
        "s.yaml",
        "src",
        "test",
        "tsconfig.json",
        "tsdown.config.ts",
        "typedoc.json",
        "vitest.config.ts",
        "wrangler.toml",
      ]
    `)
  })

  it('fetches bootstrap.sh with patience, into a file, so that a failure is seen', () => {
    const fetches = texts
      .filter(
        (path) => !/^(?:test|node_modules)\//.test(path) && !path.endsWith('bootstrap-text.ts'),
      )
      .flatMap((path) => readProjectFile(path).split('\n'))
      .filter((line) => /\bcurl\b.*\/bootstrap\.sh/.test(line))
    expect(fetches.length).toBeGreaterThan(8)
    // A loop, or systemd, tries again by itself.
    const isPatient = (line: string): boolean =>
      /^(?:until |ExecStartPre=)/.test(line) || line.includes(' --retry 9 --retry-all-errors ')
    const isSeen = (line: string): boolean =>
      line.includes(' -o ') && !/\|\s*(?:\S+=\S*\s+)*(?:sudo\s+)?(?:ba)?sh\b/.test(line)
    expect(fetches.filter((line) => !isPatient(line) || !isSeen(line))).toEqual([])
  })
})
