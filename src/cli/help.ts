// What the helps of all subcommands share: examples and exit statuses behind the options, and numbers
// that are checked when they are read.

import { type Command, InvalidArgumentError } from 'commander'
import { CALL_EXITS } from './exit-status.ts'
import { DEFAULT_COLUMNS, thisRun } from './run.ts'

/** Reads a whole number. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (/^[0-9]{1,9}$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
  }

/** What to read behind the options of a subcommand. Prose is wrapped to the terminal; indented lines are kept. */
export interface MoreHelp {
  readonly examples: readonly string[]
  /** What needs more than a line. Default: nothing. */
  readonly more?: string
  /** What its exit statuses mean, without the words before. Default: {@link CALL_EXITS}. */
  readonly exits?: string
}

/** Joins the lines of each paragraph; an indented line stays a line of its own. */
const unwrapped = (text: string): string[] => {
  const lines: string[] = []
  for (const line of text.split('\n')) {
    const last = lines.at(-1) ?? ''
    if (/^\S/.test(last) && /^\S/.test(line)) lines[lines.length - 1] = `${last} ${line}`
    else lines.push(line)
  }
  return lines
}

const CONTINUATION = '    '

/** Prose for a help, as wide as the terminal. */
export const wrapped = (text: string, command: Command): string => {
  const width = thisRun().stdout.columns ?? DEFAULT_COLUMNS
  const help = command.createHelp()
  return unwrapped(text)
    .map((line) =>
      line.startsWith(' ')
        ? help.boxWrap(line, width - CONTINUATION.length).replaceAll('\n', `\n${CONTINUATION}`)
        : help.boxWrap(line, width),
    )
    .join('\n')
}

/** How calls of a service find their way, for the help of those that make some. */
export const NETWORK_HELP = `A proxy is taken from https_proxy, HTTPS_PROXY, all_proxy or ALL_PROXY, and passed over for hosts
in no_proxy or NO_PROXY, as curl does. Services of this machine and the metadata service are always
called directly. NODE_EXTRA_CA_CERTS names the file of a CA of your own.`

const EXAMPLES = 'Examples:\n'
const MARGIN = '  '

/** Adds examples and exit statuses to the help of a subcommand. */
export const addMoreHelp = (
  command: Command,
  { examples, more = '', exits = CALL_EXITS }: MoreHelp,
): Command => {
  const lines = examples.map((line) => `${MARGIN}${line}`).join('\n')
  return command.addHelpText('after', () => {
    const prose = more === '' ? '' : `\n${wrapped(more, command)}\n`
    return `${prose}\n${EXAMPLES}${lines}\n\n${wrapped(`Exit status: ${exits}.`, command)}`
  })
}

/** The same, with the exit statuses that calls of a service have. */
export const addHelp = (command: Command, examples: readonly string[], more = ''): Command =>
  addMoreHelp(command, { examples, more })
