// How the subcommands of `rollcall` end: a message that says what to do next, and an exit status. No
// message holds a token or a key, whatever was typed.

import { CommanderError } from 'commander'
import { thisRun } from './run.ts'

/** The exit statuses, the same for each subcommand. */
export const EXIT = {
  done: 0,
  /** What was printed, or done, is not all. */
  incomplete: 1,
  /** What was to be checked is not good. */
  bad: 1,
  usage: 2,
  metadata: 3,
  refused: 4,
  unavailable: 5,
} as const

/** For `--help` of what calls a service. */
export const EXIT_HELP = `
Exit status: 0 done, 1 something went wrong midway, 2 usage or configuration,
4 refused by the service (401, 403, 404), 5 service not available.`

/** Why a subcommand can't do what it was asked. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  readonly status: number

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** Something that was typed or configured wrongly. */
export const usageError = (message: string): CommandError => new CommandError(EXIT.usage, message)

const TOKEN = /[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g
const JWK = /\{[^{}]*"kty"[^{}]*\}/g

/** A text without what looks like a token or a key: somebody may have typed one where none belongs. */
export const redact = (text: string): string =>
  text.replaceAll(JWK, '[a key]').replaceAll(TOKEN, '[a token]')

/** Whether a text is, or holds, a token or a key. */
export const looksSecret = (text: string): boolean => redact(text) !== text

/** Tells people something, on standard error, a line. */
export const say = (line: string): void =>
  void thisRun().stderr.write(`rollcall: ${redact(line)}\n`)

/** Tells people why a subcommand failed. @returns its exit status */
export const reportFailure = (error: unknown): number => {
  // Commander has told it already; its own statuses mean nothing to ours.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  if (error instanceof CommandError) {
    say(error.message)
    return error.status
  }
  say(`unexpected: ${error instanceof Error ? `${error.name}: ${error.message}` : 'no error'}`)
  return EXIT.incomplete
}
