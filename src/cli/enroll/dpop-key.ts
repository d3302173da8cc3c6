// The key that a token can be bound to (RFC 9449): it is made once for this instance, stored in a
// file that only its owner can read, and proved at each enrollment. The file names its instance,
// because a copied disk has a copy of the key.

import { existsSync } from 'node:fs'
import {
  ClientError,
  type DpopKey,
  type KeyInstance,
  askInstance,
  createDpopKey,
  markPrivateKey,
  requireKeyOf,
} from '../../client/index.ts'
import { ofOthers } from '../../client/private-key.ts'
import type { MetadataClient } from '../../metadata/index.ts'
import { usageError } from '../command-error.ts'
import { requireFile } from '../named-file.ts'
import { warnOfFile } from '../open-to-others.ts'
import { type KeyFile, readKeyFile } from '../private-key.ts'
import { inFolder } from '../run.ts'
import { say } from '../say.ts'
import { cannotWrite, rewriteSecret, writeNewSecret } from '../secret-file.ts'

const HINT =
  'name another file: a missing one is made (under "same_key" the service refuses a new key)'

/** Whether there is a file of this name. */
export const isThere = (path: string): boolean => existsSync(inFolder(path))

const makeKey = async (path: string, instance: KeyInstance): Promise<void> => {
  const { generateSigningKeys } = await import('../../token/generate.ts')
  const { keys } = await generateSigningKeys('ES256')
  // Without "kid" and "use", by which the key of a service is known.
  const bare = keys.map((key) => ({ ...key, kid: undefined, use: undefined }))
  try {
    writeNewSecret(path, markPrivateKey(JSON.stringify({ keys: bare }), instance))
    say(
      `made a key for ${instance.instanceId}, ${path}; keep it on this instance and out of images`,
    )
  } catch (error) {
    // Another process of this instance was faster: use its key.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw cannotWrite(error, path, '--dpop-key')
    }
  }
}

/** Marks a key that names no instance. If the file can't be written, the key is still used. */
const mark = (path: string, { text }: KeyFile, instance: KeyInstance): void => {
  const { instanceId } = instance
  const warn = (why: string): void =>
    say(
      `warning: cannot mark ${path} as the key of ${instanceId} (${why}); ` +
        'a copy on another machine would be accepted',
    )
  try {
    const isMarked = rewriteSecret(path, text, markPrivateKey(text, instance))
    if (isMarked) say(`${path} named no instance; it now names ${instanceId}`)
    else warn('the file has changed')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    warn(code)
  }
}

/** Reads the key of an instance, and leaves the file as it is. @throws CommandError for any other key */
const readFile = async (path: string): Promise<KeyFile> => {
  const file = await readKeyFile(path, '--dpop-key', HINT)
  const { otherMember } = file.key
  // Such a key must not lie on an instance, and its file must not be changed.
  if (otherMember !== undefined) {
    throw usageError(
      `--dpop-key: ${path} is ${ofOthers(otherMember)}; name another file: a missing one is made`,
    )
  }
  warnOfFile(path)
  return file
}

/** Reads the key of a file, and leaves the file as it is. @throws CommandError */
export const readDpopKey = async (path: string): Promise<DpopKey> =>
  createDpopKey((await readFile(path)).key)

/**
 * Loads the key of a file for this instance. A missing file is made. A key without a mark is
 * marked.
 * @throws CommandError, also for the key of another instance
 * @throws ClientError if the metadata service gives no identity document
 */
export const loadDpopKey = async (path: string, metadata: MetadataClient): Promise<DpopKey> => {
  // Reading a pipe could wait for ever, and it could not be marked.
  requireFile(path, '--dpop-key')
  const known = isThere(path) ? await readFile(path) : undefined
  const here = await askInstance(metadata)
  if (known === undefined) await makeKey(path, here)
  const file = known ?? (await readFile(path))
  const { key } = file
  try {
    requireKeyOf(key, here)
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    throw usageError(`--dpop-key: ${path}: ${error.message}`)
  }
  if (key.instance === undefined) mark(path, file, here)
  // Without the mark: it was compared just now, and the library would read the document again to
  // compare it.
  return createDpopKey({ ...key, instance: undefined })
}
