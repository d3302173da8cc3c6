// The client of the metadata service, with a function for each item. It sends GET requests, and one
// PUT for a token. It follows no redirect and uses no proxy.

import { type Bytes, fromUtf8 } from '../base/bytes.ts'
import { type Accessors, createAccessors } from './accessors.ts'
import {
  diskPath,
  interfacePath,
  isSecretPath,
  itemAt,
  publicKeyPath,
  tagPath,
} from './item-paths.ts'
import { DISK_ITEMS, INTERFACE_ITEMS, ITEMS } from './items.ts'
import { type ListEntry, readEntries, walkEntries } from './listing.ts'
import { MetadataError } from './metadata-error.ts'
import type { MetadataClientOptions } from './options.ts'
import { encodePath, readPath } from './path.ts'
import { createReader } from './reader.ts'

/** A key pair's public key. */
export interface SshPublicKey {
  /** Name of the key pair, or its number in the list. */
  readonly name: string
  /** One line of `authorized_keys`. */
  readonly openssh: string
}

/** A tag of the instance. */
export interface InstanceTag {
  /** Key of the tag. */
  readonly key: string
  /** Value of the tag. */
  readonly value: string
}

/** The first argument of `verifyInstanceIdentity()`, and what `POST /v1/enroll` takes. */
export interface Evidence {
  /** The identity document, one line of JSON, exactly as the metadata service answered it. */
  readonly document: string
  /** The signature, base64 or PEM of a PKCS#7 message. */
  readonly pkcs7: string
}

/** How to read one item. */
export interface GetOptions {
  /** Read credentials of a RAM role too. Default: false. */
  readonly revealCredentials?: boolean
}

/** A client of one metadata service. Every method may throw {@link MetadataError}. */
export interface MetadataClient {
  /** Where the metadata service is. */
  readonly baseUrl: string
  /**
   * A function for each item that this version knows. If not every instance has an item, its value
   * is `undefined` where it is not set, or an empty list; {@link get} throws an error that says
   * what it needs.
   */
  readonly items: Accessors<
    Omit<typeof ITEMS, 'everything' | 'userData' | 'identityDocument' | 'identitySignature'>
  >
  /**
   * A function for each item of one network interface.
   * @param mac one of `items.macs()`
   */
  networkInterface(mac: string): Accessors<typeof INTERFACE_ITEMS>
  /**
   * A function for each item of one disk.
   * @param serial one of `items.diskSerials()`
   */
  disk(serial: string): Accessors<typeof DISK_ITEMS>
  /** The tags of the instance; none unless `InstanceMetadataTags` is `enabled`. */
  tags(): Promise<readonly InstanceTag[]>
  /**
   * The public keys of the bound key pairs, each once, although a key can be listed by number and
   * by the pair's id.
   */
  publicKeys(): Promise<readonly SshPublicKey[]>
  /** The versions of the service: `2016-01-01`, `latest`. */
  versions(): Promise<readonly string[]>
  /**
   * Lists a folder.
   * @param path below the version, as in `meta-data/instance/`. Default: the top
   */
  list(path?: string): Promise<readonly ListEntry[]>
  /**
   * Every item below a folder, folder by folder, as they are found; values are not read.
   * @param path below the version. Default: the top
   */
  walk(path?: string): AsyncGenerator<ListEntry, void, undefined>
  /**
   * An item's text, exactly.
   * @param path below the version, as in `meta-data/hostname`
   * @param options `revealCredentials: true` reads credentials of a RAM role too. Default: false
   * @throws MetadataError `not_found` says what the item needs; `secret` for credentials
   */
  get(path: string, options?: GetOptions): Promise<string>
  /**
   * An item's bytes, exactly.
   * @param path below the version, as in `meta-data/hostname`
   * @param options `revealCredentials: true` reads credentials of a RAM role too. Default: false
   * @throws MetadataError `not_found` says what the item needs; `secret` for credentials
   */
  getBytes(path: string, options?: GetOptions): Promise<Bytes>
  /** User data exactly as given: text, gzip or any other bytes; `undefined` if there is none. */
  userData(): Promise<Bytes | undefined>
  /** The identity document, exactly; not verified. */
  identityDocument(): Promise<string>
  /**
   * The signature: base64 PKCS#7.
   * @param options `audience`: the challenge to sign. Default: none, and anyone who has the signature can use it
   *   until 2038
   */
  identitySignature(options?: { readonly audience?: string }): Promise<string>
  /**
   * Document and signature for one audience, the challenge of a relying party.
   * @param options `audience` is required
   * @throws MetadataError `unexpected_answer` also if they do not have the form of ECS
   */
  evidence(options: { readonly audience: string }): Promise<Evidence>
  /** Whether the service gives tokens; with the mode `hardened` it returns true or throws. */
  isHardened(): Promise<boolean>
}

/** One line of printable ASCII, with or without its end. */
const DOCUMENT_FORM = /^[\x20-\x7e]+(?:\r?\n)?$/
/** Lines of printable ASCII: base64 or PEM. */
const PKCS7_FORM = /^[\x20-\x7e\r\n]+$/
const NOT_ECS = 'is this the metadata service of ECS?'

const ofForm = (form: RegExp, answer: string, path: string): string => {
  if (form.test(answer)) return answer
  const details = { code: 'unexpected_answer', path, remedy: NOT_ECS } as const
  throw new MetadataError(`${path}: the answer is not text as ECS sends it`, details)
}

/**
 * Creates a client of the ECS metadata service. It sends nothing until a method is called.
 * @param options Default: the metadata service of this instance, in hardened mode
 * @returns the client
 * @throws RangeError if an option is out of range
 * @example
 * ```ts
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { createMetadataClient } from 'rollcall/metadata'
 *
 * const { fetch } = await createMetadataEmulator({ instances: [{ hostname: 'node-1' }] })
 * const metadata = createMetadataClient({ fetch, timeoutSeconds: 2, attempts: 1 })
 * console.log(await metadata.items.hostname()) // node-1
 * ```
 * @see https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
 */
export const createMetadataClient = (options: MetadataClientOptions = {}): MetadataClient => {
  const { read, token, baseUrl } = createReader(options)

  const toText = (bytes: Bytes, path: string): string => {
    const text = fromUtf8(bytes)
    if (text !== undefined) return text
    throw new MetadataError(`${path} is not text`, { code: 'unexpected_answer', path })
  }
  const readText = async (path: string, target?: string): Promise<string> =>
    toText(await read(path, target), path)

  const list = async (path = ''): Promise<readonly ListEntry[]> => {
    const folder = readPath(path.endsWith('/') || path === '' ? path : `${path}/`)
    // Whether the service refuses a slash behind an item's name is not documented.
    if (itemAt(folder.slice(0, -1)) === undefined) {
      return readEntries(folder, await readText(folder))
    }
    const message = `${folder.slice(0, -1)} is an item, not a folder`
    throw new MetadataError(message, { code: 'not_a_folder', path: folder })
  }

  const getBytes = async (path: string, { revealCredentials = false }: GetOptions = {}) => {
    const plain = readPath(path)
    if (revealCredentials || !isSecretPath(plain)) return read(plain)
    const message = `${plain} holds credentials; reading them needs revealCredentials`
    throw new MetadataError(message, { code: 'secret', path: plain })
  }

  const {
    userData: userDataItem,
    identityDocument: document,
    identitySignature: signature,
    everything: _,
    ...rest
  } = ITEMS
  const items = createAccessors(rest, readText)
  const identityDocument = (): Promise<string> => readText(document.path)
  const identitySignature = ({ audience }: { readonly audience?: string } = {}) => {
    const { path } = signature
    const query = audience === undefined ? '' : `?audience=${encodeURIComponent(audience)}`
    return readText(path, `/latest/${encodePath(path)}${query}`)
  }

  return {
    baseUrl,
    items,
    networkInterface: (mac) =>
      createAccessors(INTERFACE_ITEMS, readText, `${readPath(interfacePath(mac))}/`),
    disk: (serial) => createAccessors(DISK_ITEMS, readText, `${readPath(diskPath(serial))}/`),
    tags: async () =>
      Promise.all(
        (await items.tagKeys()).map(async (key) => ({ key, value: await readText(tagPath(key)) })),
      ),
    async publicKeys() {
      const names = await items.publicKeyNames()
      const keys = new Map<string, SshPublicKey>()
      for (const name of names) {
        const openssh = (await readText(publicKeyPath(name))).trim()
        if (!keys.has(openssh)) keys.set(openssh, { name, openssh })
      }
      return [...keys.values()]
    },
    versions: async () => (await readText('', '/')).split(/\s+/).filter((name) => name !== ''),
    list,
    walk: (path) => walkEntries(list, path),
    get: async (path, options) => toText(await getBytes(path, options), path),
    getBytes,
    async userData() {
      try {
        return await read(userDataItem.path)
      } catch (error) {
        if (error instanceof MetadataError && error.code === 'not_found') return undefined
        throw error
      }
    },
    identityDocument,
    identitySignature,
    async evidence({ audience }) {
      const document = ofForm(DOCUMENT_FORM, await identityDocument(), ITEMS.identityDocument.path)
      const answer = await identitySignature({ audience })
      return { document, pkcs7: ofForm(PKCS7_FORM, answer, signature.path) }
    },
    isHardened: async () => (await token()) !== undefined,
  }
}
