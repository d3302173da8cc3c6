import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { putMadeFiles } from '../../../functions/build/made-files.ts'

describe('putMadeFiles()', () => {
  let root = ''
  let folder = ''
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rollcall-made-'))
    folder = join(root, 'functions')
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const put = (files: Record<string, string>, exclusive = false): void =>
    putMadeFiles(folder, new Map(Object.entries(files)), { exclusive })
  const write = (path: string, text: string): void => writeFileSync(join(folder, path), text)
  const all = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => statSync(join(folder, path)).isFile())
        .toSorted()
        .map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
    )

  it('writes, replaces and removes what builds made', () => {
    put({ 'a.js': '1', 'cli/b.js': '1' })
    put({ 'a.js': '2', 'c.js': '2' })
    expect(all()).toEqual({ 'a.js': '2', 'c.js': '2' })
  })

  it('keeps a list beside the folder, not in it', () => {
    put({ 'a.js': '1' })
    expect(all()).toEqual({ 'a.js': '1' })
    expect(readdirSync(root)).toContain('.made-functions.json')
  })

  it('makes a file that begins with #! executable', () => {
    put({ 'a.js': '#!/usr/bin/env node\n', 'b.js': '1' })
    const modes = ['a.js', 'b.js'].map((path) => statSync(join(folder, path)).mode & 0o111)
    expect(modes).toEqual([0o111, 0])
  })

  it('keeps files of others, whatever their names', () => {
    put({ 'a.js': '1' })
    write('policy.json', '{}')
    mkdirSync(join(folder, 'cli'))
    write('cli/key.json', '{}')
    put({ 'a.js': '2' })
    expect(all()).toEqual({ 'a.js': '2', 'cli/key.json': '{}', 'policy.json': '{}' })
  })

  it('refuses files of others where all is packed, and changes nothing', () => {
    put({ 'a.js': '1', 'b.js': '1' }, true)
    write('key.json', '{}')
    expect(() => put({ 'a.js': '2' }, true)).toThrow(
      `the build did not make these files; move them to another folder, or delete them:\n  ${join(folder, 'key.json')}`,
    )
    expect(all()).toEqual({ 'a.js': '1', 'b.js': '1', 'key.json': '{}' })
  })

  it.each([
    ['a file of the same name that was there before', {}, { 'policy.json': 'theirs' }],
    ['a file that was changed since', { 'policy.json': 'made' }, { 'policy.json': 'changed' }],
  ])('refuses to replace %s', (_, made, theirs) => {
    put({ 'a.js': '1', ...made })
    for (const [path, text] of Object.entries(theirs)) write(path, text)
    expect(() => put({ 'a.js': '2', 'policy.json': 'new' })).toThrow(join(folder, 'policy.json'))
    expect(all()).toEqual({ 'a.js': '1', ...theirs })
  })

  it('refuses to remove a file that was changed since', () => {
    put({ 'a.js': '1', 'policy.json': 'made' })
    write('policy.json', 'changed')
    expect(() => put({ 'a.js': '1' })).toThrow(join(folder, 'policy.json'))
    expect(all()).toEqual({ 'a.js': '1', 'policy.json': 'changed' })
  })

  it('takes a file that already is what it would write', () => {
    put({ 'a.js': '1' })
    rmSync(join(root, '.made-functions.json'))
    put({ 'a.js': '1' })
    put({ 'a.js': '2' })
    expect(all()).toEqual({ 'a.js': '2' })
  })

  it('goes on after a build that was stopped midway', () => {
    put({ 'a.js': '1', 'b.js': '1' })
    // A folder in the place of a file stops the build after the list and `a.js`.
    mkdirSync(join(folder, 'c.js'))
    expect(() => put({ 'a.js': '2', 'c.js': '2' })).toThrow(/EISDIR|ENOTDIR|EEXIST/)
    rmSync(join(folder, 'c.js'), { recursive: true })
    put({ 'a.js': '3', 'c.js': '3' })
    expect(all()).toMatchObject({ 'a.js': '3', 'c.js': '3' })
    expect(existsSync(join(folder, 'b.js'))).toBe(false)
  })
})
