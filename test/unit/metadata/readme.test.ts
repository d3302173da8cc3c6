// src/metadata/README.md against the code; the rows of docs/metadata.md are run by
// test/system/metadata/page.test.ts.

import { expect, it } from 'vitest'
import { filesInTable } from '../../support/markdown.ts'
import { docstringExamples } from '../../support/runnable-fences.ts'
import { readProjectFile, typeScriptFiles } from '../../support/sources.ts'

it('the README of the metadata client lists every file', () => {
  const there = typeScriptFiles('src/metadata').map((path) => path.replace('src/metadata/', ''))
  const named = filesInTable(readProjectFile('src/metadata/README.md'))
  expect(['index.ts', ...named].toSorted()).toEqual(there.toSorted())
})

it('the examples of docs/metadata.md are those of the docstrings, which are compiled and run', () => {
  const examples = ['src/metadata/index.ts', 'src/emulator/index.ts'].flatMap((path) =>
    docstringExamples(readProjectFile(path)).map(({ script }) => script),
  )
  const shown = [...readProjectFile('docs/metadata.md').matchAll(/^```ts\n([^]*?)^```$/gm)]
  expect(shown.length).toBeGreaterThan(1)
  for (const [, script] of shown) expect(examples).toContain(script)
})
