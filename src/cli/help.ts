// What the helps of all subcommands share: examples and exit statuses behind the options, and numbers
// that are checked when they are read.

import { type Command, InvalidArgumentError } from 'commander'
import { EXIT_HELP } from './exit-status.ts'

/** Reads a whole number. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (/^[0-9]{1,9}$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
  }

/** What to read behind the options of a subcommand. */
export interface MoreHelp {
  readonly examples: readonly string[]
  /** What needs more than a line. Default: nothing. */
  readonly more?: string
  /** What its exit statuses mean. Default: {@link EXIT_HELP}. */
  readonly exits?: string
}

/** Adds examples and exit statuses to the help of a subcommand. */
export const addMoreHelp = (
  command: Command,
  { examples, more = '', exits = EXIT_HELP }: MoreHelp,
): Command => {
  const lines = examples.map((line) => `  ${line}`).join('\n')
  const text = `${more && `\n${more}\n`}\nExamples:\n${lines}\n${exits}`
  return command.addHelpText('after', text)
}

/** The same, with the exit statuses that calls of a service have. */
export const addHelp = (command: Command, examples: readonly string[], more = ''): Command =>
  addMoreHelp(command, { examples, more })
