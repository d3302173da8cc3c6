// Why a subcommand ends without having done what it was asked: a message that says what to do next, and an exit
// status.

import { CommanderError } from 'commander'
import { ClientError } from '../client/index.ts'
import { MetadataError } from '../metadata/index.ts'
import { CLIENT_STATUS, EXIT } from './exit-status.ts'
import { say } from './say.ts'

/** Why a subcommand cannot do what it was asked. */
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

/** The option that does what an error of the metadata service's client proposes. */
const OPTIONS: Readonly<Partial<Record<MetadataError['code'], string>>> = {
  no_hardened_mode: ': --metadata-mode auto',
  secret: ': --reveal-credentials',
}

/** The command's own error for an error of a client. @returns others as they are */
export const asCommandError = (error: unknown): unknown => {
  const metadata = error instanceof ClientError ? error.cause : error
  if (metadata instanceof MetadataError) {
    const message = `${metadata.message}${OPTIONS[metadata.code] ?? ''}`
    return new CommandError(metadata.code === 'secret' ? EXIT.usage : EXIT.metadata, message)
  }
  if (!(error instanceof ClientError)) return error
  return new CommandError(CLIENT_STATUS[error.code], error.message)
}

/** What to say of an error, and the exit status. An error that nobody expected is told by its name. */
export const endingOf = (error: unknown): Pick<CommandError, 'message' | 'status'> => {
  const known = asCommandError(error)
  if (known instanceof CommandError) return known
  const what = error instanceof Error ? `${error.name}: ${error.message}` : 'no error'
  return { message: `unexpected: ${what}`, status: EXIT.brokeOff }
}

/** Tells people why a subcommand failed. @returns its exit status */
export const reportFailure = (error: unknown): number => {
  // Commander has told it already; its own statuses mean nothing to ours.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  const { message, status } = endingOf(error)
  say(message)
  return status
}
