// The options of all subcommands that ask the metadata service, checked, and made into a client.

import type { Command } from 'commander'
import {
  type MetadataClient,
  type MetadataClientOptions,
  type MetadataMode,
  createMetadataClient,
} from '../metadata/index.ts'
import { usageError } from './command-error.ts'
import { optionOrVariable } from './option-variable.ts'
import { thisRun } from './run.ts'

/** What the options say; a variable that is set to nothing is as good as unset. */
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

/** Makes the client. @throws CommandError */
export const metadataClientOf = (
  { metadataUrl, metadataMode }: MetadataOptions,
  more: MetadataClientOptions = {},
): MetadataClient => {
  try {
    const baseUrl = metadataUrl === '' ? undefined : metadataUrl
    const { signal, timing } = thisRun()
    return createMetadataClient({ baseUrl, mode: modeOf(metadataMode), signal, timing, ...more })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw usageError(`--metadata-url: ${error.message}`)
  }
}
