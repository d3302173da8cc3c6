// Parts of help texts that all subcommands share: examples and exit statuses after the options, and
// options that are numbers.

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

/**
 * The text after the options of a subcommand. Prose is wrapped to the terminal; indented lines are
 * kept.
 */
export interface MoreHelp {
  readonly examples: readonly string[]
  /** Longer explanations. Default: none. */
  readonly more?: string
  /** What its exit statuses mean, without "Exit status:". Default: {@link CALL_EXITS}. */
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

/** Proxies and CAs, for the help of subcommands that call a service. */
export const NETWORK_HELP = `The proxy comes from https_proxy, HTTPS_PROXY, all_proxy or ALL_PROXY, as in curl.
Hosts in no_proxy or NO_PROXY are called without it. Services of this machine and the metadata service are
always called directly. NODE_EXTRA_CA_CERTS names the file of a CA of your own.`

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

/** The same, with the exit statuses of subcommands that call a service. */
export const addHelp = (command: Command, examples: readonly string[], more = ''): Command =>
  addMoreHelp(command, { examples, more })
