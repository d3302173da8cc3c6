// The tables of docs/command.md, made from the program `rollcall` itself.

import type { Command } from 'commander'
import { createRollcall } from '../../src/cli/commands.ts'
import { CLIENT_STATUS, EXIT } from '../../src/cli/exit-status.ts'
import { callOf } from '../../src/cli/program.ts'
import { markdownTable } from './markdown-table.ts'

const code = (text: string): string => `\`${text}\``

/** The subcommands of a program that do something, in the order of its help. */
export const subcommandsOf = (program: Command): Command[] =>
  program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help')
    .flatMap((command) => (command.commands.length === 0 ? [command] : subcommandsOf(command)))

const argumentsOf = (command: Command): string =>
  command.registeredArguments
    .map((argument) => {
      const name = `${argument.name().toUpperCase()}${argument.variadic ? '...' : ''}`
      return argument.required ? ` ${name}` : ` [${name}]`
    })
    .join('')

/** A row for each subcommand. */
export const subcommandTable = (program: Command): string =>
  markdownTable(
    ['subcommand', 'what it does'],
    subcommandsOf(program).map((command) => [
      code(`${callOf(command).replace(/^rollcall /, '')}${argumentsOf(command)}`),
      command.description().replace(/\.$/, ''),
    ]),
  )

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'It did what was asked. A check found nothing wrong',
  notGood:
    'A check found something wrong: `doctor`, `verify`, `token verify`, `inspect`, `policy check`, `kubernetes config --check`',
  usage: 'The command line, a file or the configuration is wrong. Nothing was changed',
  metadata: 'The metadata service does not answer, or does not have the item',
  refused: 'The service refused the request',
  unavailable: 'The service or its ledger is not available, or another server answers',
  brokeOff: 'The work stopped midway, or the command of `--exec` failed',
}

/** A row for each exit status, with the codes of `rollcall/client` that lead to it. */
export const exitTable = (): string =>
  markdownTable(
    ['exit status', 'meaning', 'codes of the library'],
    Object.entries(EXIT).map(([name, status]) => [
      String(status),
      MEANINGS[name as keyof typeof EXIT],
      Object.entries(CLIENT_STATUS)
        .filter(([, its]) => its === status)
        .map(([its]) => code(its))
        .join(', '),
    ]),
  )

/** A row for each option that an environment variable can set. */
export const optionVariableTable = (program: Command): string => {
  const rows = new Map<string, { readonly option: string; readonly commands: string[] }>()
  for (const command of subcommandsOf(program)) {
    for (const { description, long } of command.options) {
      const [, variable] = /\(env: (\w+)\)/.exec(description) ?? []
      if (variable === undefined || typeof long !== 'string') continue
      const row = rows.get(`${variable} ${long}`) ?? { option: long, commands: [] }
      const [group = ''] = callOf(command)
        .replace(/^rollcall /, '')
        .split(' ')
      if (!row.commands.includes(group)) row.commands.push(group)
      rows.set(`${variable} ${long}`, row)
    }
  }
  return markdownTable(
    ['variable', 'option', 'subcommands'],
    [...rows].map(([name, { option, commands }]) => [
      code(name.split(' ', 1)[0] as string),
      code(option),
      commands.map(code).join(', '),
    ]),
  )
}

/** All of them, by the name of their place. */
export const commandTables = (): Record<string, string> => ({
  subcommands: subcommandTable(createRollcall()),
  'exit statuses': exitTable(),
  'variables of options': optionVariableTable(createRollcall()),
})
