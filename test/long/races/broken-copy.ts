// A copy of the service, and of what hosts a driver for the tests, in which one clause of a driver is
// replaced: to show that the race tests would see it if the clause were missing.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../../support/sources.ts'

const COPIED = [
  'src',
  'functions',
  'test/cases',
  'test/support',
  'test/system/ledger',
  'wrangler.toml',
  'package.json',
  'tsconfig.json',
]

/** A copy of the service. */
export interface BrokenCopy {
  readonly folder: string
  remove(): void
}

/**
 * Copies the service and replaces a text in one of its files.
 * @throws Error if the text isn't there exactly once: the clause has changed, and this must follow
 */
export const createBrokenCopy = (file: string, clause: string, replacement: string): BrokenCopy => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-broken-'))
  for (const path of COPIED) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const source = readFileSync(join(folder, file), 'utf8')
  if (source.split(clause).length !== 2) throw new Error(`${file} does not have the clause once`)
  writeFileSync(
    join(folder, file),
    source.replace(clause, () => replacement),
  )
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
