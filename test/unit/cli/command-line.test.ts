// What a user types: an error of it says how the subcommand is called, examples of the help are right, and help
// fits the terminal.

import type { Command } from 'commander'
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { SYSTEM_TIMING } from '../../../src/base/timing.ts'
import { createRollcall } from '../../../src/cli/commands.ts'
import { callOf, runProgram } from '../../../src/cli/program.ts'
import { readProjectFile } from '../../support/sources.ts'

const run = async (args: readonly string[], { program = createRollcall(), columns = 80 } = {}) => {
  const written = { stdout: '', stderr: '' }
  const output = (name: 'stdout' | 'stderr') => ({
    write: (data: string | Uint8Array) => void (written[name] += String(data)),
    once: () => undefined,
    columns,
  })
  const { status } = await runProgram(program, args, {
    stdin: () => Readable.from([]),
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: {},
    cwd: '/nowhere',
    signals: new EventEmitter(),
    timing: SYSTEM_TIMING,
  })
  return { status, ...written }
}

const subcommandsOf = (command: Command): Command[] => [
  command,
  // What scripts call is hidden; `help` is commander's own.
  ...command
    .createHelp()
    .visibleCommands(command)
    .filter((it) => it.name() !== 'help')
    .flatMap(subcommandsOf),
]
const ALL = subcommandsOf(createRollcall()).map((command) => callOf(command).split(' ').slice(1))
const LEAVES = subcommandsOf(createRollcall())
  .filter(({ commands }) => commands.length === 0)
  .map((command) => callOf(command).split(' ').slice(1))

describe('an error of the command line', () => {
  it.each([
    [['verify', 'a'], "missing required argument 'PKCS7'", 'verify [options] <DOCUMENT> <PKCS7>'],
    [['verify', 'a', 'b', 'c'], 'too many arguments', 'verify [options] <DOCUMENT> <PKCS7>'],
    [['enroll'], "missing required argument 'URL'", 'enroll [options] <URL>'],
    [['keygen', '--nope'], "unknown option '--nope'", 'keygen [options]'],
    [['admin', 'sho'], "unknown command 'sho' (Did you mean show?)", 'admin [options] [command]'],
    [['enrol'], "unknown command 'enrol' (Did you mean enroll?)", '[options] [command]'],
  ])('of %j says what is wrong, and the usage', async (args, problem, usage) => {
    const { status, stdout, stderr } = await run(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr.startsWith(`rollcall: ${problem}`)).toBe(true)
    expect(stderr).toContain(`\nUsage: rollcall ${usage}\n`)
    expect(stderr).toMatch(/\nHelp: {2}rollcall(?: [a-z]+)* --help\n$/)
  })

  it.each(LEAVES)('has the one prefix, and a usage line, for %s %s', async (...name) => {
    const { status, stderr } = await run([...name.filter(Boolean), '--no-such-option'])
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^rollcall: (?:unknown option '--no-such-option'|required option .+)\nUsage: rollcall /,
    )
  })
})

describe('the version', () => {
  it.each([['-v'], ['--version'], ['version']])('is shown by %s', async (arg) => {
    const { version } = JSON.parse(readProjectFile('package.json')) as { version: string }
    expect(await run([arg])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('is JSON with --json', async () => {
    expect(JSON.parse((await run(['version', '--json'])).stdout)).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    })
  })
})

/** The words of an example, up to what the shell does with the command. */
const wordsOf = (example: string): string[] =>
  [...example.replace(/ (?:[|<>]|\d>).*$/, '').matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? (plain as string),
  )

const examplesOf = async (name: readonly string[]): Promise<string[]> => {
  const { stdout } = await run([...name, '--help'])
  const examples = /\nExamples:\n((?: .*\n)+)/.exec(stdout)?.[1] ?? ''
  return [...examples.matchAll(/(?:^ +|\| |^ +(?:[A-Z_]+=\S+ )+)(rollcall .*)$/gm)].map(
    ([, line]) => line as string,
  )
}

describe('the examples of a help', () => {
  it.each(LEAVES)('are what rollcall %s %s takes', async (...name) => {
    const examples = await examplesOf(name.filter(Boolean))
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) {
      const program = createRollcall()
      const parsed: string[] = []
      for (const command of subcommandsOf(program)) {
        if (command.commands.length === 0) command.action(() => void parsed.push(callOf(command)))
      }
      const { stderr, status } = await run(wordsOf(example).slice(1), { program })
      expect({ example, stderr, status }).toEqual({ example, stderr: '', status: 0 })
      expect(parsed).toEqual([`rollcall ${name.filter(Boolean).join(' ')}`])
    }
  })

  it.each(ALL)('of rollcall %s %s are of the installed command', async (...name) => {
    const { stdout } = await run([...name.filter(Boolean), '--help'])
    expect(stdout.split('\n').filter((line) => /npx\s+rollcall|^ .*npm run/.test(line))).toEqual([])
  })
})

describe('a help', () => {
  it.each(ALL)('of rollcall %s %s fits a terminal of 60 columns', async (...name) => {
    const { stdout } = await run([...name.filter(Boolean), '--help'], { columns: 60 })
    // Examples are for copying: they stay on one line.
    const prose = stdout.replace(/\nExamples:\n(?: .*\n)+/, '\n')
    expect(prose.split('\n').filter((line) => line.length > 60)).toEqual([])
  })
})
