// What can be typed next, against the program itself.

import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createRollcall } from '../../../../src/cli/commands.ts'
import { candidatesOf } from '../../../../src/cli/completion/candidates.ts'
import { SCRIPTS } from '../../../../src/cli/completion/scripts.ts'
import { callOf } from '../../../../src/cli/program.ts'
import { createCommand } from '../../../support/command.ts'

const complete = (...words: string[]) => {
  const { words: found, files } = candidatesOf(createRollcall(), words)
  return { words: found.map(({ word }) => word), files }
}

const subcommandsOf = (command: Command): Command[] => [
  command,
  ...command.commands.flatMap(subcommandsOf),
]

describe('candidatesOf()', () => {
  it('knows every subcommand and option that there is, with what it means', () => {
    for (const command of subcommandsOf(createRollcall())) {
      const path = callOf(command).split(' ').slice(1)
      const names = command
        .createHelp()
        .visibleCommands(command)
        .map((it) => it.name())
      if (names.length > 0) expect(complete(...path, '').words).toEqual(names)
      const options = complete(...path, '--').words
      expect(options).toContain('--help')
      expect(options).toEqual(expect.arrayContaining(command.options.map(({ long }) => long)))
      for (const it of candidatesOf(createRollcall(), [...path, '-']).words) {
        expect(it.description).not.toBe('')
      }
    }
  })

  it('does not show what the scripts call', () => {
    expect(complete('').words).toContain('completion')
    expect(complete('').words).not.toContain('complete')
  })

  it.each([
    [['en'], ['enroll'], false],
    [['admin', 're'], ['reset', 'revoke', 'revoke-token'], false],
    [['admin', 'ban', ''], ['account', 'image', 'instance'], false],
    [['admin', 'ban', '--reason', 'x', 'i'], ['image', 'instance'], false],
    [['admin', 'ban', 'image', ''], [], false],
    [['completion', ''], ['bash', 'zsh', 'fish'], false],
    [['keygen', '--algorithm', ''], ['ES256', 'RS256', 'EdDSA'], false],
    [['keygen', '--algorithm=R'], ['RS256'], false],
    // As bash splits it.
    [['keygen', '--algorithm', '=', 'E'], ['ES256', 'EdDSA'], false],
    [['keygen', '--algorithm', '='], ['ES256', 'RS256', 'EdDSA'], false],
    [['keygen', '--out', ''], [], true],
    [['keygen', '--out=sig'], [], true],
    [['keygen', '--out', '=', 'sig'], [], true],
    [['verify', ''], [], true],
    [['verify', 'document.json', ''], [], true],
    [['verify', 'document.json', 'pkcs7.txt', ''], [], false],
    [['verify', '--audience', ''], [], false],
    [['verify', '--json', ''], [], true],
    [['policy', 'check', ''], [], true],
    [['inspect', '--tree', ''], [], true],
    [['enroll', ''], [], false],
    [['admin', 'show', 'i-1', ''], [], false],
    [['nope', ''], complete('').words, false],
  ] as const)('gives for %j the words %j, files: %s', (typed, words, files) => {
    expect(complete(...typed)).toEqual({ words, files })
  })

  it('takes a file wherever the usage says so', () => {
    const taking = subcommandsOf(createRollcall()).flatMap((command) =>
      command.options
        .filter(({ flags }) => flags.endsWith('<file>'))
        .map(({ long }) => [...callOf(command).split(' ').slice(1), String(long)]),
    )
    expect(taking.length).toBeGreaterThan(20)
    for (const words of taking) expect(complete(...words, '')).toEqual({ words: [], files: true })
  })
})

describe('rollcall completion', () => {
  const command = createCommand()

  it.each(['bash', 'zsh', 'fish'] as const)('prints the script for %s', async (shell) => {
    const run = await command.run(['completion', shell])
    expect(run).toEqual({ status: 0, stdout: SCRIPTS[shell], stderr: '' })
    const json = await command.run(['completion', shell, '--json'])
    expect(JSON.parse(json.stdout)).toEqual({ shell, script: SCRIPTS[shell] })
  })

  it('refuses another shell', async () => {
    const { status, stderr } = await command.run(['completion', 'tcsh'])
    expect(status).toBe(2)
    expect(stderr).toContain('Allowed choices are bash, zsh, fish')
  })
})
