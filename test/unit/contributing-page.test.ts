// CONTRIBUTING.md against the project: its list of folders is complete, and every file that it names exists.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT, readProjectFile } from '../support/sources.ts'

const MAX_WORDS = 5

const page = readProjectFile('CONTRIBUTING.md')
const [, list = ''] = /<!-- folders of src\/ -->([^]*?)<!-- end of folders -->/.exec(page) ?? []
const rows = [...list.matchAll(/^\| `src\/([a-z-]+)\/` +\| (.+?) +\|$/gm)].map(
  ([, folder = '', job = '']) => ({ folder, job }),
)

/** Paths from the root. A part in capitals, such as NAME, stands for any name. */
const paths = [...page.matchAll(/`((?:src|test|functions)\/[^`\s]+)`/g)]
  .map(([, path = '']) => path)
  .filter((path) => !path.includes('NAME'))

describe('CONTRIBUTING.md', () => {
  it('lists the folders of src/', () => {
    const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
    expect(rows.map(({ folder }) => folder).toSorted()).toEqual(folders.toSorted())
  })

  it.each(rows)('says in five words what src/$folder/ does', ({ job }) => {
    expect(job.split(' ').length).toBeLessThanOrEqual(MAX_WORDS)
  })

  it('names files that exist', () => {
    expect(paths.length).toBeGreaterThan(40)
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})
