// Options of all subcommands that read the metadata service. They are checked, and a client is made
// of them.

import type { Command } from 'commander'
import {
  type MetadataClient,
  type MetadataClientOptions,
  type MetadataMode,
  type MetadataRetry,
  createMetadataClient,
} from '../metadata/index.ts'
import { readBaseUrl } from '../metadata/path.ts'
import { usageError } from './command-error.ts'
import { optionOrVariable } from './option-variable.ts'
import { thisRun } from './run.ts'
import { say } from './say.ts'

/** Values of the options. An empty variable counts as unset. */
export interface MetadataOptions {
  readonly metadataUrl?: string
  readonly metadataMode?: string
}

/** Adds the options. */
export const addMetadataOptions = (command: Command): Command =>
  command
    .addOption(
      optionOrVariable(
        '--metadata-url <url>',
        'address of the metadata service (default: http://100.100.100.200)',
        'ROLLCALL_METADATA_URL',
      ),
    )
    .addOption(
      optionOrVariable(
        '--metadata-mode <mode>',
        'hardened, or auto: normal mode where hardened is missing (default: hardened)',
        'ROLLCALL_METADATA_MODE',
      ),
    )

const modeOf = (text: string | undefined): MetadataMode => {
  if (text === undefined || text === '') return 'hardened'
  if (text === 'hardened' || text === 'auto') return text
  throw usageError('--metadata-mode: expected hardened or auto')
}

const baseUrlOf = (text: string | undefined): string | undefined => {
  if (text === undefined || text === '') return undefined
  try {
    return readBaseUrl(text, '--metadata-url')
  } catch (error) {
    throw error instanceof RangeError ? usageError(error.message) : error
  }
}

const sayRetry = ({ detail, waitSeconds }: MetadataRetry): void =>
  say(`${detail}; retrying in ${waitSeconds.toFixed(1)} s`)

/** Makes the client. It reports each wait on standard error. @throws CommandError */
export const metadataClientOf = (
  { metadataUrl, metadataMode }: MetadataOptions,
  more: MetadataClientOptions = {},
): MetadataClient => {
  const { signal, timing } = thisRun()
  return createMetadataClient({
    baseUrl: baseUrlOf(metadataUrl),
    mode: modeOf(metadataMode),
    signal,
    timing,
    onRetry: sayRetry,
    ...more,
  })
}
