// Reads and walks folders of the metadata service.

import { isKnownFolder, isSecretPath } from './item-paths.ts'
import { MetadataError } from './metadata-error.ts'
import { TAGS_FOLDER } from './path.ts'
import { type ListedLine, readListing } from './read-value.ts'

/** One line of a listing. */
export interface ListEntry {
  /** Without a slash. */
  readonly name: string
  /** Below the version; with a slash at its end if it is a folder. */
  readonly path: string
  /** Whether it is a folder. */
  readonly isFolder: boolean
  /** Whether it holds credentials of a RAM role. */
  readonly isSecret: boolean
  /** Why it can't be read; the name is then the unchanged line. Absent if it can be read. */
  readonly problem?: string
}

const MAX_ENTRIES = 10_000
const MAX_DEPTH = 10
/** How much of an invalid line is shown. */
const MAX_SHOWN = 200

const readEntry = (folder: string, { line, isName }: ListedLine): ListEntry => {
  if (!isName) {
    const name = line.slice(0, MAX_SHOWN)
    const problem = 'this line of the listing is not a name, so it is not asked for'
    return { name, path: folder + name, isFolder: false, isSecret: false, problem }
  }
  const name = line.replace(/\/$/, '')
  // A tag's key may hold slashes; there are no folders.
  const isFolder = folder !== TAGS_FOLDER && (line.endsWith('/') || isKnownFolder(folder + name))
  const path = `${folder}${name}${isFolder ? '/' : ''}`
  return { name, path, isFolder, isSecret: isSecretPath(path) }
}

/**
 * Reads a listing. A line that is not a name is kept, with its problem, so that the other lines
 * stay readable.
 * @param folder below the version, with a slash at its end, or empty
 */
export const readEntries = (folder: string, text: string): readonly ListEntry[] => {
  const lines = readListing(text, folder)
  if (lines === undefined) {
    const message = `${folder || '/'} is not a folder: its answer is not a listing`
    throw new MetadataError(message, { code: 'not_a_folder', path: folder })
  }
  return lines.map((line) => readEntry(folder, line))
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
