// Writes the files of a build without losing the files of other people: a build replaces and
// removes a file only if an earlier build has written exactly these bytes. It keeps a list with the
// hash of each file.

import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'

/** Files by path, relative to their folder, with `/` between folders. */
export type Files = ReadonlyMap<string, string | Uint8Array>

/** The hashes that a build may have left at each path. A stopped build leaves more than one. */
type Hashes = Readonly<Record<string, readonly string[]>>

const hashOf = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex')

/** The list lies beside the folder, because folders are packed and uploaded as a whole. */
const listOf = (folder: string): string => join(dirname(folder), `.made-${basename(folder)}.json`)

const readList = (folder: string): Hashes => {
  const list = listOf(folder)
  return existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as Hashes) : {}
}

const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    : []

const write = (path: string, content: string | Uint8Array, mode?: number): void => {
  mkdirSync(dirname(path), { recursive: true })
  const text = Buffer.from(content)
  const isProgram = text.subarray(0, 2).toString() === '#!'
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  // Independent of the umask, because packed files keep their mode.
  chmodSync(`${path}.new`, mode ?? (isProgram ? 0o755 : 0o644))
  renameSync(`${path}.new`, path)
}

/**
 * Puts the files of a build into its folder, and removes what an earlier build made and this one did not.
 * @param options.exclusive whether other files in the folder are refused, because the folder is
 * packed as a whole. Default: other files stay
 * @throws Error that names the files that no build has made; nothing is changed then
 */
export const putMadeFiles = (
  folder: string,
  files: Files,
  { exclusive = false }: { readonly exclusive?: boolean } = {},
): void => {
  const made = readList(folder)
  const claimed = new Set([...Object.keys(made), ...files.keys()])
  const strange = filesIn(folder).filter((path) => {
    if (!claimed.has(path)) return exclusive
    const hash = hashOf(readFileSync(join(folder, path)))
    const next = files.get(path)
    return made[path]?.includes(hash) !== true && (next === undefined || hash !== hashOf(next))
  })
  if (strange.length > 0) {
    const names = strange.map((path) => `\n  ${join(folder, path)}`).join('')
    throw new Error(
      `the build did not make these files; move them to another folder, or delete them:${names}`,
    )
  }
  const writeList = (before: Hashes): void => {
    const hashes = [...files].map(([path, content]) => [
      path,
      [...new Set([...(before[path] ?? []), hashOf(content)])],
    ])
    const list = { ...before, ...(Object.fromEntries(hashes) as Hashes) }
    // A hash of a short secret lets others test their guesses.
    write(listOf(folder), `${JSON.stringify(list, null, 2)}\n`, 0o600)
  }
  // First, so that the next build knows the files of this one even if it is stopped.
  writeList(made)
  for (const path of Object.keys(made)) {
    if (!files.has(path)) rmSync(join(folder, path), { force: true })
  }
  for (const [path, content] of files) write(join(folder, path), content)
  writeList({})
}
