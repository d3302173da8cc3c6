// What src/cli/README.md shows is what there is: commands, and the examples with the command for cloud-init and
// systemd, each as its own tool reads it. The samples in files have their test in test/system/bootstrap.

import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requireTool } from '../../support/requirements.ts'
import { readProjectFile } from '../../support/sources.ts'
import { type RollcallCommand, createCommand } from '../../support/command.ts'

const README = readProjectFile('src/cli/README.md')
const run = promisify(execFile)

const blocksOf = (language: string): string[] =>
  Array.from(README.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)).flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  )
const blockOf = (language: string): string => {
  const [block, ...more] = blocksOf(language).filter((text) => /\brollcall\W+enroll\b/.test(text))
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
  const grouped = ['metadata', 'policy', 'admin'].includes(first)
  return {
    name: grouped ? [first, second] : [first],
    options: words.filter((word) => word.startsWith('--')),
  }
}

const lines = [
  ...blocksOf('sh')
    .join('')
    .matchAll(/\brollcall ((?:[a-z-]+ )[^|>\n#]*)/g),
  ...README.matchAll(/`rollcall ([a-z][^`]*)`/g),
  ...README.matchAll(/^ExecStart=\/usr\/local\/bin\/rollcall (.*)$/gm),
].map(([, line = '']) => line)

describe('src/cli/README.md', () => {
  it('has commands', () => {
    expect(lines.length).toBeGreaterThan(15)
  })

  it.each([...new Set(lines)])('shows options that there are: rollcall %s', async (line) => {
    const { name, options } = partsOf(line)
    const { status, stdout } = await command.run([...name, '--help'])
    expect(status).toBe(0)
    for (const option of options) expect(stdout).toContain(` ${option}`)
  })

  it('has a cloud-config that cloud-init takes', async (context) => {
    const tool = requireTool(context, 'cloud-init', 'apt-get install cloud-init')
    const file = join(folder, 'cloud-config.yaml')
    writeFileSync(file, blockOf('yaml'))
    const { stdout } = await run(tool, ['schema', '--config-file', file])
    expect(stdout).toMatch(/^Valid (?:schema|cloud-config)/m)
  })

  it('has a unit that systemd takes', async (context) => {
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
