// docs/metadata.md and src/emulator/README.md against the code.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readInstanceDescriptions } from '../../../src/cli/emulator-description.ts'
import { FAULTS } from '../../../src/emulator/faults.ts'
import { createMetadataEmulator } from '../../../src/emulator/index.ts'
import { filesInTable, tableRows } from '../../support/markdown.ts'
import { askText } from '../../support/metadata-tools.ts'
import { readProjectFile, typeScriptFiles } from '../../support/sources.ts'

const README = readProjectFile('src/emulator/README.md')
const PAGE = readProjectFile('docs/metadata.md')

describe('the pages on the emulator', () => {
  it('have an example of a description that can be used', async () => {
    const [, json = ''] = /```json\n([\s\S]*?)```/.exec(PAGE) ?? []
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-describe-'))
    try {
      const file = join(folder, 'instances.json')
      writeFileSync(file, json)
      const emulator = await createMetadataEmulator({
        instances: await readInstanceDescriptions(file),
      })
      expect(await askText(emulator, '/latest/meta-data/hostname')).toBe('web-1')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('list every fault', () => {
    expect(tableRows(PAGE, 'fault').map(([name]) => name)).toEqual(Object.keys(FAULTS))
  })

  it('list every file', () => {
    const there = typeScriptFiles('src/emulator').map((path) => path.replace('src/emulator/', ''))
    expect(['index.ts', ...filesInTable(README)].toSorted()).toEqual(there.toSorted())
  })
})
