// A disk that gets full: no command leaves a part of a secret, and none ends with 0 if its output is not whole. The limit
// of a process for the size of files stands for the disk, since every user can set it.

import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMetadataEmulator } from '../../../src/emulator/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import type { RollcallCommand, Run } from '../../support/command.ts'
import { type ProcessOptions, buildCommand } from '../../support/command-process.ts'
import { generateInstanceKey } from '../../support/instance-key.ts'
import { type Listener, listen } from '../../support/listener.ts'
import { cleanEnvironment } from '../../support/processes.ts'

let command: RollcallCommand<ProcessOptions>
let metadata: Listener
beforeAll(async () => {
  command = await buildCommand()
  const emulator = await createMetadataEmulator()
  metadata = await listen({ fetch: (request) => emulator.fetch(request) })
}, 60_000)
afterAll(async () => {
  await metadata.close()
  command.remove()
})

/** Runs a line of a shell, where `rollcall` is the command. */
const shell = (folder: string, line: string): Promise<Run> =>
  new Promise((resolve) => {
    const entry = join(command.folder, 'dist/cli/rollcall.js')
    const script = `rollcall() { "${process.execPath}" "${entry}" "$@"; }; ${line}`
    const options = { cwd: folder, env: cleanEnvironment({ BASE: metadata.url }) }
    const child = execFile('sh', ['-c', script], options, (_, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    )
  })

const folderOf = (name: string): string => {
  const folder = join(command.folder, name)
  mkdirSync(folder)
  return folder
}

const ENROLL = 'rollcall enroll http://127.0.0.1:1 --metadata-url "$BASE" --attempts 1'

describe('on a full disk', () => {
  it.each([
    ['keygen --out', 'rollcall keygen --out new.json', '--out: cannot write new.json (EFBIG)'],
    [
      'keygen --dev-vars',
      'rollcall keygen --dev-vars new.vars',
      '--dev-vars: cannot write new.vars (EFBIG)',
    ],
    [
      'admin keygen',
      'rollcall admin keygen --out new.json',
      '--out: cannot write new.json (EFBIG)',
    ],
    [
      'enroll --dpop-key',
      `${ENROLL} --dpop-key new.json`,
      '--dpop-key: cannot write new.json (EFBIG)',
    ],
    // Before the service is asked: an issued token would be lost.
    ['enroll --out', `${ENROLL} --out new.jwt`, '--out: cannot write new.jwt (EFBIG)'],
  ])('%s leaves no file, and says why', async (name, line, message) => {
    const folder = folderOf(name.replaceAll(' ', '-'))
    const run = await shell(folder, `ulimit -f 0; ${line}`)
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(message)
    expect(readdirSync(folder)).toEqual([])
  })

  it.each([
    [
      'keygen --rotate',
      () => generateSigningKeys('ES256'),
      'rollcall keygen --rotate keys.json',
      '--rotate: cannot write keys.json (EFBIG)',
    ],
    [
      'the mark of a key',
      generateInstanceKey,
      `${ENROLL} --dpop-key keys.json`,
      'warning: cannot mark keys.json',
    ],
  ])('%s leaves the old file', async (name, make, line, message) => {
    const folder = folderOf(name.replaceAll(' ', '-'))
    const file = join(folder, 'keys.json')
    writeFileSync(file, JSON.stringify(await make()), { mode: 0o600 })
    const before = { text: readFileSync(file, 'utf8'), ino: statSync(file).ino }
    const run = await shell(folder, `ulimit -f 0; ${line}`)
    expect(run.status).not.toBe(0)
    expect(run.stderr).toContain(message)
    expect({ text: readFileSync(file, 'utf8'), ino: statSync(file).ino }).toEqual(before)
    expect(readdirSync(folder)).toEqual(['keys.json'])
  })

  it('probe --junit leaves the old report, and shows no token', async () => {
    const folder = folderOf('probe-junit')
    const old = '<testsuites/>\n'
    writeFileSync(join(folder, 'old.xml'), old)
    const probe = 'rollcall probe http://127.0.0.1:1/ --audience a --token none --junit old.xml'
    const run = await shell(folder, `ulimit -f 8; ${probe}`)
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain('--junit: cannot write old.xml (EFBIG)')
    expect(readFileSync(join(folder, 'old.xml'), 'utf8')).toBe(old)
    expect(readdirSync(folder)).toEqual(['old.xml'])
  })
})

describe('standard output', () => {
  const INCOMPLETE = 'it is incomplete'

  it('is not taken for whole if the disk was full after a part of it', async () => {
    const folder = folderOf('part')
    const whole = (await shell(folder, 'rollcall kubernetes credential --help')).stdout
    const run = await shell(folder, 'ulimit -f 1; rollcall kubernetes credential --help > part')
    expect(run.status).toBe(6)
    expect(run.stderr).toContain(`cannot write standard output (EFBIG); ${INCOMPLETE}`)
    const part = readFileSync(join(folder, 'part'), 'utf8')
    expect(part.length).toBeGreaterThan(0)
    expect(part.length).toBeLessThan(whole.length)
    expect(whole.startsWith(part)).toBe(true)
  })

  it('ends with 6 also on a device that is full, and says nothing into a pipe that nobody reads', async () => {
    const folder = folderOf('device')
    const full = await shell(folder, 'rollcall keygen > /dev/full')
    expect(full).toMatchObject({ status: 6, stdout: '' })
    expect(full.stderr).toContain(`cannot write standard output (ENOSPC); ${INCOMPLETE}`)
    expect((await shell(folder, 'rollcall keygen | true')).stderr).toBe('')
  })

  it('is whole in a file, in a pipe and behind another line of the file', async () => {
    const folder = folderOf('whole')
    const line = 'echo first > out; rollcall version >> out; rollcall version | cat >> out'
    expect(await shell(folder, line)).toMatchObject({ status: 0, stderr: '' })
    const { stdout } = await command.run(['version'])
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe(`first\n${stdout}${stdout}`)
  })
})
