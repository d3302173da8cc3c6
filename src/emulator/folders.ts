// Folders of an emulated instance: their listings, and `meta-data/all`, which is all of them in one object.

import { fromUtf8 } from '../base/bytes.ts'
import { ITEMS } from '../metadata/items.ts'
import { TAGS_FOLDER } from '../metadata/path.ts'

/**
 * The listing of a folder: sorted names, one a line, folders with a slash at the end. Keys of tags may hold slashes,
 * and are listed whole.
 * @param paths of all items
 * @param folder without a slash at the end; empty for the top
 * @returns `undefined` if nothing is below
 */
export const listFolder = (paths: Iterable<string>, folder: string): string | undefined => {
  const prefix = folder === '' ? '' : `${folder}/`
  if (prefix !== TAGS_FOLDER && prefix.startsWith(TAGS_FOLDER)) return undefined
  const names = new Set<string>()
  for (const path of paths) {
    if (!path.startsWith(prefix)) continue
    const rest = path.slice(prefix.length)
    const [name = '', ...inside] = prefix === TAGS_FOLDER ? [rest] : rest.split('/')
    names.add(inside.length > 0 ? `${name}/` : name)
  }
  return names.size > 0 ? [...names].toSorted().join('\n') : undefined
}

interface Tree {
  [name: string]: string | Tree
}

/** All items below `meta-data/` but credentials, as one JSON object. Whether ECS leaves those out is not known. */
export const everything = (values: ReadonlyMap<string, string | Uint8Array>): string => {
  const tree: Tree = {}
  for (const [path, value] of values) {
    if (!path.startsWith('meta-data/') || path.startsWith(ITEMS.ramRoleNames.path)) continue
    const key = path.startsWith(TAGS_FOLDER) ? path.slice(TAGS_FOLDER.length) : undefined
    const folders = (key === undefined ? path : TAGS_FOLDER.slice(0, -1)).split('/').slice(1)
    const name = key ?? (folders.pop() as string)
    let at = tree
    for (const folder of folders) at = (at[folder] ??= {}) as Tree
    at[name] = typeof value === 'string' ? value : (fromUtf8(value) ?? '')
  }
  return JSON.stringify(tree)
}
