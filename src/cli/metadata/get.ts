// `rollcall metadata get`: one item, exactly.

import type { Command } from 'commander'
import { utf8 } from '../../base/bytes.ts'
import { ITEMS } from '../../metadata/index.ts'
import { usageError } from '../command-error.ts'
import { say } from '../say.ts'
import { type MetadataOptions, addMetadataOptions, metadataClientOf } from '../metadata-options.ts'
import { print, printJson } from '../output.ts'
import { thisRun } from '../run.ts'
import { addMetadataHelp, typedPath } from './paths.ts'
import { shownLines, valueJson } from './show-value.ts'

interface GetOptions extends MetadataOptions {
  readonly audience?: string
  readonly revealCredentials?: true
  readonly json?: true
}

const SIGNATURE_PATH = ITEMS.identitySignature.path

const read = async (path: string, options: GetOptions): Promise<Uint8Array> => {
  const { audience, revealCredentials = false } = options
  const client = metadataClientOf(options)
  if (path !== SIGNATURE_PATH) {
    if (audience === undefined) return client.getBytes(path, { revealCredentials })
    throw usageError(`--audience: only ${SIGNATURE_PATH} takes an audience`)
  }
  if (audience === undefined) {
    say(
      'warning: anyone who holds a signature without an audience can use it for years; add --audience',
    )
    return utf8(await client.identitySignature())
  }
  return utf8(await client.identitySignature({ audience }))
}

const get = async (typed: string, options: GetOptions): Promise<void> => {
  const path = typedPath(typed)
  const bytes = await read(path, options)
  if (options.json) printJson({ path, ...valueJson(bytes) })
  else if (thisRun().stdout.isTTY) print(...shownLines(bytes))
  else thisRun().stdout.write(bytes)
}

/** Adds the subcommand. */
export const addGet = (metadata: Command): void => {
  const command = metadata
    .command('get')
    .description('Print the value of one item.')
    .argument('<PATH>', 'such as hostname, meta-data/hostname or user-data')
    .option('--audience <text>', 'for the signature of the identity document: the audience to sign')
    .option('--reveal-credentials', 'print credentials of a RAM role')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(get)
  addMetadataOptions(command)
  addMetadataHelp(command, [
    'rollcall metadata get hostname',
    'rollcall metadata get user-data > user-data',
    'rollcall metadata get dynamic/instance-identity/document > document.json',
    'rollcall metadata get dynamic/instance-identity/pkcs7 --audience a-nonce > pkcs7.txt',
  ])
}
