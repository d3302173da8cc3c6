// The key that a token can be bound to (RFC 9449): it is made once for this instance, stored in a
// file that only its owner can read, and proved at each enrollment. The file names its instance,
// because a copied disk has a copy of the key.

import { existsSync, readFileSync } from 'node:fs'
import {
  ClientError,
  type DpopKey,
  type KeyInstance,
  type PrivateKey,
  askInstance,
  createDpopKey,
  markPrivateKey,
  requireKeyOf,
} from '../../client/index.ts'
import type { MetadataClient } from '../../metadata/index.ts'
import { usageError } from '../command-error.ts'
import { loadPrivateKey } from '../private-key.ts'
import { inFolder } from '../run.ts'
import { say } from '../say.ts'
import { cannotWrite, rewriteSecret, writeNewSecret } from '../secret-file.ts'

const HINT = 'move the file away to get a new key (under "same_key" the service refuses a new key)'

/** Whether there is a file of this name. */
export const isThere = (path: string): boolean => existsSync(inFolder(path))

const makeKey = async (path: string, instance: KeyInstance): Promise<void> => {
  const { generateSigningKeys } = await import('../../token/generate.ts')
  const json = JSON.stringify(await generateSigningKeys('ES256'))
  try {
    writeNewSecret(path, markPrivateKey(json, instance))
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
const mark = (path: string, instance: KeyInstance): void => {
  const { instanceId } = instance
  try {
    rewriteSecret(path, markPrivateKey(readFileSync(inFolder(path), 'utf8'), instance))
    say(`${path} named no instance; it now names ${instanceId}`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    say(
      `warning: cannot mark ${path} as the key of ${instanceId} (${code}); ` +
        'a copy on another machine would be accepted',
    )
  }
}

/** Reads the key of a file, and leaves the file as it is. @throws CommandError */
export const readDpopKey = async (path: string): Promise<DpopKey> =>
  createDpopKey(await loadPrivateKey(path, '--dpop-key', HINT))

/**
 * Loads the key of a file for this instance. A missing file is made. A key without a mark is
 * marked.
 * @throws CommandError, also for the key of another instance
 * @throws ClientError if the metadata service gives no identity document
 */
export const loadDpopKey = async (path: string, metadata: MetadataClient): Promise<DpopKey> => {
  const load = (): Promise<PrivateKey> => loadPrivateKey(path, '--dpop-key', HINT)
  const known = isThere(path) ? await load() : undefined
  // An operator's key must not lie on an instance, and its file must not be changed.
  if (known?.name !== undefined) {
    throw usageError(`--dpop-key: ${path} is the key of an operator; an instance needs its own key`)
  }
  const here = await askInstance(metadata)
  if (known === undefined) await makeKey(path, here)
  const key = known ?? (await load())
  try {
    requireKeyOf(key, here)
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    throw usageError(`--dpop-key: ${path}: ${error.message}`)
  }
  if (key.instance === undefined) mark(path, here)
  // Without the mark: it was compared just now, and the library would read the document again to
  // compare it.
  return createDpopKey({ ...key, instance: undefined })
}
