// Imports point one way: the architecture that the folders show is the one that the code has.

import { describe, expect, it } from 'vitest'
import { layerProblems } from '../support/layers.ts'
import { readProjectFile, typeScriptFiles } from '../support/sources.ts'

const MAX_LINES = 300
const MAX_ENTRY_LINES = 60
const files = ['src', 'functions'].flatMap(typeScriptFiles)

describe('the layers', () => {
  it.each(files)('are kept by %s', (path) => {
    expect(layerProblems(path, readProjectFile(path))).toEqual([])
  })

  it.each(files)('have no file too long: %s', (path) => {
    const lines = readProjectFile(path).split('\n').length - 1
    expect(lines).toBeLessThanOrEqual(/^functions\/[^/]+$/.test(path) ? MAX_ENTRY_LINES : MAX_LINES)
  })

  it('cover more than a handful of files', () => {
    expect(files.length).toBeGreaterThan(40)
  })
})

describe('layerProblems()', () => {
  it.each([
    ['an import that points up', 'src/codec/x.ts', "import { a } from '../verify/sha256.ts'"],
    [
      'a type import that points up',
      'src/base/bytes.ts',
      "import type { A } from '../codec/der.ts'",
    ],
    ['an export from above', 'src/verify/x.ts', "export * from '../http/app.ts'"],
    ['a dynamic import from above', 'src/policy/x.ts', "const a = await import('../index.ts')"],
    [
      'a package that the layer may not use',
      'src/verify/x.ts',
      "import { a } from 'jose/jwt/sign'",
    ],
    ['a package of another layer', 'src/enroll/x.ts', "import * as v from 'valibot'"],
    ['the platform below the drivers', 'src/http/x.ts', "import { a } from 'node:fs'"],
    [
      'a side folder that uses a middle layer',
      'src/metadata/x.ts',
      "import '../verify/verify-evidence.ts'",
    ],
    ['a side folder from within', 'src/http/x.ts', "import '../metadata/index.ts'"],
    ['an import without .ts', 'src/http/x.ts', "import './app'"],
    ['a file in no layer', 'src/other/x.ts', ''],
    ['a clock in a layer that decides', 'src/policy/x.ts', 'export const now = Date.now()'],
    ['randomness in a layer that decides', 'src/verify/x.ts', 'crypto.getRandomValues(bytes)'],
    ['a branch on the runtime', 'src/http/x.ts', "if ('Deno' in globalThis) listen()"],
    ['a look at the version of Node', 'src/config.ts', 'const old = process.version < "v22"'],
    ['a network call in a layer that decides', 'src/codec/x.ts', 'await fetch(url)'],
  ])('finds %s', (_, path, source) => {
    expect(layerProblems(path, source)).toHaveLength(1)
  })

  it('lets an import that points down pass', () => {
    expect(layerProblems('src/enroll/x.ts', "import { a } from '../verify/sha256.ts'")).toEqual([])
  })
})
