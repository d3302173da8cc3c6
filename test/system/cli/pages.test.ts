// What the pages show of the command is what there is: subcommands, options, and the examples of docs/instances.md
// for cloud-init and systemd, each as its own tool reads it. The samples in files have their test in
// test/system/bootstrap.

import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRollcall } from '../../../src/cli/commands.ts'
import { callOf } from '../../../src/cli/program.ts'
import { subcommandsOf } from '../../generate/command-tables.ts'
import { pagePaths } from '../../support/pages.ts'
import { requireTool } from '../../support/requirements.ts'
import { readProjectFile } from '../../support/sources.ts'
import { type RollcallCommand, createCommand } from '../../support/command.ts'

const COMMAND = readProjectFile('docs/command.md')
const INSTANCES = readProjectFile('docs/instances.md')
/** Every page for users. */
const PAGES = pagePaths()
  .filter((path) => path === 'README.md' || path.startsWith('docs/'))
  .map(readProjectFile)
const run = promisify(execFile)

const blocksOf = (language: string, page: string): string[] =>
  [...page.matchAll(/^```(\w+)[^\n]*\n([^]*?)^```$/gm)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  )
const blockOf = (language: string): string => {
  const [block, ...more] = blocksOf(language, INSTANCES).filter((text) =>
    /\brollcall\W+enroll\b/.test(text),
  )
  expect(more).toEqual([])
  return block as string
}

let command: RollcallCommand
let folder: string
beforeAll(async () => {
  command = createCommand()
  folder = mkdtempSync(join(tmpdir(), 'rollcall-readme-'))
})
afterAll(() => {
  command.remove()
  rmSync(folder, { recursive: true })
})

/** The subcommand of a line, such as `metadata get`, and its options. */
const partsOf = (line: string): { name: string[]; options: string[] } => {
  const words = line.split(/\s+/)
  const [first = '', second = ''] = words
  const grouped = ['metadata', 'policy', 'admin', 'ledger', 'token', 'kubernetes'].includes(first)
  return {
    name: grouped ? [first, second] : [first],
    options: words.filter((word) => word.startsWith('--')),
  }
}

const lines = PAGES.flatMap((page) => [
  ...blocksOf('sh', page)
    .join('')
    .matchAll(/\brollcall (?:-- )?([a-z][a-z-]* [^|>\n#]*)/g),
  ...page.matchAll(/`rollcall ([a-z][^`]*)`/g),
  ...page.matchAll(/^ExecStart=\/usr\/local\/bin\/rollcall (.*)$/gm),
]).map(([, line = '']) => line)

describe('docs/command.md', () => {
  it('has an example of every subcommand', () => {
    const fences = blocksOf('sh', COMMAND).join('')
    const names = subcommandsOf(createRollcall()).map(callOf)
    expect(names.length).toBeGreaterThan(20)
    expect(names.filter((name) => !fences.includes(name))).toEqual(['rollcall version'])
  })
})

describe('the pages', () => {
  it.each([...new Set(lines)])('show options that there are: rollcall %s', async (line) => {
    const { name, options } = partsOf(line)
    const { status, stdout } = await command.run([...name, '--help'])
    expect(status).toBe(0)
    for (const option of options) expect(stdout).toContain(` ${option}`)
  })

  it('have a cloud-config that cloud-init takes', async (context) => {
    const tool = requireTool(context, 'cloud-init', 'apt-get install cloud-init')
    const file = join(folder, 'cloud-config.yaml')
    writeFileSync(file, blockOf('yaml'))
    const { stdout } = await run(tool, ['schema', '--config-file', file])
    expect(stdout).toMatch(/^Valid (?:schema|cloud-config)/m)
  })

  it('have a unit that systemd takes', async (context) => {
    const tool = requireTool(context, 'systemd-analyze', 'apt-get install systemd')
    // The command has to be there for it.
    const stand = join(folder, 'rollcall')
    writeFileSync(stand, '#!/bin/sh\n')
    chmodSync(stand, 0o755)
    const file = join(folder, 'rollcall.service')
    writeFileSync(file, blockOf('ini').replace('/usr/local/bin/rollcall', stand))
    const { stdout, stderr } = await run(tool, ['verify', '--man=no', file])
    expect(stdout + stderr).not.toContain('rollcall.service')
  })
})
