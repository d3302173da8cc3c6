// `--help` of every subcommand, and what holds of all of them.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRollcall } from '../../../src/cli/commands.ts'
import { type RollcallCommand, createCommand } from '../../support/command.ts'

const SUBCOMMANDS = [
  'enroll',
  'doctor',
  'metadata get',
  'metadata list',
  'metadata versions',
  'metadata dump',
  'verify',
  'inspect',
  'emulate',
  'keygen',
  'policy check',
  'exchange',
  'token inspect',
  'token verify',
  'token proof',
  'ledger renew-epoch',
  'version',
  'completion',
]

let command: RollcallCommand
beforeAll(async () => {
  command = createCommand()
})
afterAll(() => command.remove())

describe('rollcall', () => {
  it('lists its subcommands', async () => {
    const { status, stdout } = await command.run(['--help'])
    expect(status).toBe(0)
    const names = [...SUBCOMMANDS.map((name) => name.split(' ')[0] as string), 'admin']
    for (const name of new Set(names)) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'))
    expect((await command.run(['metadata'])).status).toBe(2)
    expect((await command.run(['policy'])).status).toBe(2)
  })

  it.each(SUBCOMMANDS)('has examples, exit statuses and --json for %s', async (name) => {
    const { status, stdout, stderr } = await command.run([...name.split(' '), '--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`\nExamples:\n(?: .*\n)* .*rollcall ${name}`))
    expect(stdout).toMatch(/\nExit status: 0 [a-z]/)
    expect(stdout).toMatch(/^ +--json /m)
    // What is only how the code spells that nothing was given.
    expect(stdout).not.toMatch(/default:\s+(?:false|\[\]|"")/)
    expect(stdout.split('\n').filter((line) => line.length > 105)).toEqual([])
    // eslint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/\u001b/)
  })

  it('names for a group of subcommands each exit status that one of them has, and no other', async () => {
    const statuses = async (...names: readonly string[]): Promise<string | undefined> => {
      const { stdout } = await command.run([...names, '--help'])
      const [, sentence] = /\nExit status: ([^]*)$/.exec(stdout) ?? []
      return sentence?.match(/\b[0-9]\b/g)?.join(' ')
    }
    const groups = createRollcall().commands.filter(({ commands }) => commands.length > 0)
    const said: string[] = []
    for (const group of groups) {
      const own = await statuses(group.name())
      if (own === undefined) continue
      said.push(group.name())
      const its = await Promise.all(group.commands.map((it) => statuses(group.name(), it.name())))
      const all = [...new Set(its.flatMap((it) => it?.split(' ') ?? []))].toSorted().join(' ')
      expect({ group: group.name(), own }).toEqual({ group: group.name(), own: all })
    }
    expect(said).toContain('kubernetes')
  })

  it.each(SUBCOMMANDS)(
    'refuses an option that %s does not have, with exit status 2',
    async (name) => {
      const run = await command.run([...name.split(' '), '--no-such-option'])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain('unknown option')
    },
  )

  it('repeats no token that was typed where none belongs', async () => {
    const token = `${'a'.repeat(20)}.${'b'.repeat(20)}.${'c'.repeat(20)}`
    for (const args of [
      ['verify', token, 'x'],
      ['inspect', token],
      ['enroll', token],
    ]) {
      const { status, stdout, stderr } = await command.run(args)
      expect(status).toBe(2)
      expect(stdout + stderr).not.toContain(token)
    }
  })
})
