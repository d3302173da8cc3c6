// Folders of the metadata service, read and walked.

import { ITEMS, isSecretPath } from './items.ts'
import { MetadataError } from './metadata-error.ts'
import { readListing } from './read-value.ts'

/** One line of a listing. */
export interface ListEntry {
  /** Without a slash. */
  readonly name: string
  /** Below the version; with a slash at its end if it is a folder. */
  readonly path: string
  readonly isFolder: boolean
  /** Whether it holds credentials of a RAM role. */
  readonly isSecret: boolean
}

const MAX_ENTRIES = 10_000
const MAX_DEPTH = 10
const DOCUMENTED = /* @__PURE__ */ Object.values(ITEMS)

/** Whether documented items are below; should a listing leave the slash out. */
const isDocumentedFolder = (path: string): boolean =>
  DOCUMENTED.some((item) => item.path.startsWith(`${path}/`))

/**
 * Reads a listing.
 * @param folder below the version, with a slash at its end, or empty
 */
export const readEntries = (folder: string, text: string): readonly ListEntry[] => {
  const names = readListing(text)
  if (names === undefined) {
    const message = `${folder || '/'} is no folder: it answers with what is no listing`
    throw new MetadataError(message, { code: 'not_a_folder', path: folder })
  }
  return names.map((line) => {
    const name = line.replace(/\/$/, '')
    const isFolder = line.endsWith('/') || isDocumentedFolder(folder + name)
    const path = `${folder}${name}${isFolder ? '/' : ''}`
    return { name, path, isFolder, isSecret: isSecretPath(path) }
  })
}

/** Every item below a folder, depth first, in the order of the listings. */
export const walkEntries = async function* (
  list: (path: string) => Promise<readonly ListEntry[]>,
  path = '',
): AsyncGenerator<ListEntry, void, undefined> {
  let found = 0
  const walk = async function* (
    folder: string,
    depth: number,
  ): AsyncGenerator<ListEntry, void, undefined> {
    for (const entry of await list(folder)) {
      if (++found > MAX_ENTRIES || depth > MAX_DEPTH) {
        const message = 'the metadata service lists folders without end'
        throw new MetadataError(message, { code: 'unexpected_answer', path: entry.path })
      }
      if (entry.isFolder) yield* walk(entry.path, depth + 1)
      else yield entry
    }
  }
  yield* walk(path, 1)
}
