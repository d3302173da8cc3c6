// src/metadata/README.md against the code; its steps are run by test/system/metadata/readme.test.ts.

import { expect, it } from 'vitest'
import { filesInTable } from '../../support/markdown.ts'
import { readProjectFile, typeScriptFiles } from '../../support/sources.ts'

it('the README of the metadata client lists every file', () => {
  const there = typeScriptFiles('src/metadata').map((path) => path.replace('src/metadata/', ''))
  const named = filesInTable(readProjectFile('src/metadata/README.md'))
  expect(['index.ts', ...named].toSorted()).toEqual(there.toSorted())
})
