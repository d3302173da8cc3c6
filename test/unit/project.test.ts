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
        "Dockerfile",
        "LICENSE",
        "README.md",
        "deno.json",
        "functions",
        "package-lock.json",
        "package.json",
        "s.yaml",
        "src",
        "test",
        "tsconfig.json",
        "tsdown.config.ts",
        "vitest.config.ts",
        "wrangler.toml",
      ]
    `)
  })
})
