// Why a subcommand fails: a message that says what to do next, and an exit status.

import { CommanderError } from 'commander'
import { ClientError } from '../client/index.ts'
import { MetadataError } from '../metadata/index.ts'
import { CLIENT_STATUS, EXIT } from './exit-status.ts'
import { say } from './say.ts'

/** Why a subcommand fails. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  readonly status: number

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}

/** Wrong arguments or a wrong configuration. */
export const usageError = (message: string): CommandError => new CommandError(EXIT.usage, message)

/** For an error of the metadata client: the option that helps. */
const OPTIONS: Readonly<Partial<Record<MetadataError['code'], string>>> = {
  no_hardened_mode: ': --metadata-mode auto',
  secret: ': --reveal-credentials',
}

/** Turns an error of a client into an error of the command. @returns other errors unchanged */
export const asCommandError = (error: unknown): unknown => {
  const metadata = error instanceof ClientError ? error.cause : error
  if (metadata instanceof MetadataError) {
    const message = `${metadata.message}${OPTIONS[metadata.code] ?? ''}`
    return new CommandError(metadata.code === 'secret' ? EXIT.usage : EXIT.metadata, message)
  }
  if (!(error instanceof ClientError)) return error
  return new CommandError(CLIENT_STATUS[error.code], error.message)
}

/** The message for an error, and the exit status. Of an unexpected error only the name is shown. */
export const endingOf = (error: unknown): Pick<CommandError, 'message' | 'status'> => {
  const known = asCommandError(error)
  if (known instanceof CommandError) return known
  const what = error instanceof Error ? `${error.name}: ${error.message}` : 'no error'
  return { message: `unexpected: ${what}`, status: EXIT.brokeOff }
}

/** Prints why a subcommand failed. @returns its exit status */
export const reportFailure = (error: unknown): number => {
  // Commander has printed the message already. Its exit statuses differ from ours.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const { message, status } = endingOf(error)
  say(message)
  return status
}
