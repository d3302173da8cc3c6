// Explains a path: its item, whether it is a secret, and what to say about a 404.

import { DISK_ITEMS, INTERFACE_ITEMS, ITEMS, type Item } from './items.ts'

const ALL: readonly Item[] = /* @__PURE__ */ Object.values(ITEMS)

/** Folders of folders: each folder in them has the same items. */
const FOLDERS: readonly { readonly path: string; readonly items: readonly Item[] }[] =
  /* @__PURE__ */ [
    { path: ITEMS.macs.path, items: Object.values(INTERFACE_ITEMS) },
    { path: ITEMS.diskSerials.path, items: Object.values(DISK_ITEMS) },
  ]

/** The folder of a network interface, without a slash at its end. */
export const interfacePath = (mac: string): string => `${ITEMS.macs.path}${mac}`

/** The folder of a disk, without a slash at its end. */
export const diskPath = (serial: string): string => `${ITEMS.diskSerials.path}${serial}`

/** The path of a key pair's public key. */
export const publicKeyPath = (name: string): string =>
  `${ITEMS.publicKeyNames.path}${name}/openssh-key`

/** The path of the credentials of a RAM role. */
export const ramCredentialsPath = (role: string): string => `${ITEMS.ramRoleNames.path}${role}`

/** The path of a tag's value. */
export const tagPath = (key: string): string => `${ITEMS.tagKeys.path}${key}`

/**
 * Tells whether a path names credentials of a RAM role: a secret that acts in the cloud as the instance.
 * `meta-data/all` counts as one, since it may hold them. Case and look-alike letters are ignored, since the metadata
 * service may ignore them too.
 * @param path below the version, as in `meta-data/hostname`
 * @returns whether reading it needs `revealCredentials`
 * @example
 * ```ts
 * import { isSecretPath } from 'rollcall/metadata'
 *
 * console.log(isSecretPath('meta-data/hostname')) // false
 * console.log(isSecretPath('meta-data/ram/security-credentials/backup')) // true
 * ```
 * @see https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
 */
export const isSecretPath = (path: string): boolean => {
  const plain = path.normalize('NFKC').toLowerCase()
  const folder = ITEMS.ramRoleNames.path
  return (
    (plain.length > folder.length && plain.startsWith(folder)) ||
    plain.replace(/\/$/, '') === ITEMS.everything.path
  )
}

/** The parts of a path below a folder of folders: the name of its folder, and the item. */
const innerItemAt = (path: string): Item | undefined => {
  const folder = FOLDERS.find((one) => path.startsWith(one.path))
  const [, name] = /^[^/]+\/(.+)$/.exec(path.slice(folder?.path.length)) ?? []
  return folder?.items.find((item) => item.path === name)
}

/**
 * Finds the item at a path. A tag is an item, whatever its key.
 * @param path below the version, as in `meta-data/hostname`
 * @returns the item; `undefined` if this version does not know it
 * @example
 * ```ts
 * import { itemAt } from 'rollcall/metadata'
 *
 * console.log(itemAt('meta-data/hostname')?.form) // text
 * console.log(itemAt('meta-data/unknown')) // undefined
 * ```
 * @see https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
 */
export const itemAt = (path: string): Item | undefined => {
  const known = ALL.find((item) => item.path === path) ?? innerItemAt(path)
  const tags = ITEMS.tagKeys
  if (known !== undefined || !path.startsWith(tags.path)) return known
  return { path, form: 'text', what: 'value of the tag', needs: tags.needs }
}

/** Whether known items are below a path. A listing may lack the slash at its end. */
export const isKnownFolder = (path: string): boolean =>
  ALL.some((item) => item.path.startsWith(`${path}/`)) ||
  FOLDERS.some(
    (folder) => path.startsWith(folder.path) && !path.slice(folder.path.length).includes('/'),
  )

const withSlash = (path: string): string => (path.endsWith('/') || path === '' ? path : `${path}/`)

/**
 * Tells what to do when the metadata service answers 404 for a path.
 * @param path below the version, as in `meta-data/hostname`
 * @returns a sentence without a full stop
 * @example
 * ```ts
 * import { remedyOf } from 'rollcall/metadata'
 *
 * console.log(remedyOf('meta-data/disks/d1/name')) // it needs a name of the disk: give it one
 * ```
 * @see https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
 */
export const remedyOf = (path: string): string => {
  const asked = withSlash(path)
  const item =
    ALL.find((item) => withSlash(item.path) === asked) ??
    itemAt(path.replace(/\/$/, '')) ??
    // The path is below a missing folder, or is the folder of a missing item.
    ALL.find(({ path, needs }) => needs && path.endsWith('/') && asked.startsWith(path)) ??
    ALL.find(({ path, needs }) => needs && asked !== '' && path.startsWith(asked))
  if (item?.needs !== undefined) return `it needs ${item.needs}`
  return item === undefined
    ? 'this name is not known to this version; the listing of its folder shows what there is'
    : 'every ECS instance in a VPC has it; check that this is the metadata service of ECS'
}
