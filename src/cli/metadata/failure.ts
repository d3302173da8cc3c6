// What a failed question to the metadata service ends with.

import { MetadataError } from '../../metadata/index.ts'
import { CommandError, usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'

/** What to add for people at a command line. */
const HINTS: Readonly<Partial<Record<MetadataError['code'], string>>> = {
  no_hardened_mode: ': --metadata-mode auto',
  secret: ': --reveal-credentials',
}

/** The error to end with, for an error of the client. @returns others as they are */
export const metadataFailure = (error: unknown): unknown => {
  if (error instanceof RangeError) return usageError(error.message)
  if (!(error instanceof MetadataError)) return error
  const message = `${error.message}${HINTS[error.code] ?? ''}`
  return new CommandError(error.code === 'secret' ? EXIT.usage : EXIT.metadata, message)
}
