// Secret files where two processes are at one at once.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changeSecret } from '../../../src/cli/secret-file.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Takes the place beside a file again and again, keeps it a while, and fails once it was taken away. */
const HOLDER = `
const { closeSync, fstatSync, openSync, rmSync } = require('node:fs')
const beside = process.argv[1]
const end = Date.now() + 5_000
let taken = 0
while (Date.now() < end && taken < 1_500) {
  let handle
  try { handle = openSync(beside, 'wx') } catch { continue }
  taken++
  const until = performance.now() + 1
  while (performance.now() < until);
  const lost = fstatSync(handle).nlink === 0
  closeSync(handle)
  if (lost) process.exit(1)
  rmSync(beside)
}
process.exit(taken > 0 ? 0 : 2)
`

describe('changeSecret()', () => {
  it('never takes the place beside the file from another process', async () => {
    const file = join(folder, 'keys.json')
    writeFileSync(file, '0', { mode: 0o600 })
    const holder = spawn(process.execPath, ['-e', HOLDER, `${file}.new`], { stdio: 'inherit' })
    const ended = once(holder, 'exit')
    let changes = 0
    while (holder.exitCode === null) {
      await changeSecret(file, async () => String(changes)).then(
        () => changes++,
        (error: unknown) => expect(String(error)).toContain('another process'),
      )
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await ended).toEqual([0, null])
    expect(changes).toBeGreaterThan(0)
  }, 20_000)
})
