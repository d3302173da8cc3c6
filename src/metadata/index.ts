/**
 * The public face of the client of the ECS metadata service.
 *
 * @example
 * ```ts
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { createMetadataClient } from 'rollcall/metadata'
 *
 * // On ECS: `createMetadataClient()`. Elsewhere the emulator stands in for the cloud.
 * const emulator = await createMetadataEmulator({ instances: [{ hostname: 'node-1' }] })
 * const metadata = createMetadataClient({ fetch: emulator.fetch })
 * console.log(await metadata.items.hostname()) // node-1
 * const evidence = await metadata.evidence({ audience: 'a-challenge' })
 * console.log(Object.keys(evidence).join(' ')) // document pkcs7
 * ```
 * @module rollcall/metadata
 */

export {
  type Evidence,
  type GetOptions,
  type InstanceTag,
  type MetadataClient,
  type SshPublicKey,
  createMetadataClient,
} from './client.ts'
export type { Timing, Wait } from '../base/timing.ts'
export type { Accessors, ListForm, ValueOf } from './accessors.ts'
export type { MetadataFetch, MetadataFetchInit } from './direct-fetch.ts'
export type { MetadataClientOptions } from './options.ts'
export type { MetadataAttempts, MetadataRetry } from './patience.ts'
export {
  type MetadataErrorCode,
  type MetadataErrorDetails,
  MetadataError,
} from './metadata-error.ts'
export type { MetadataMode } from './session.ts'
export type { ListEntry } from './listing.ts'
export { type Item, type ItemForm, DISK_ITEMS, INTERFACE_ITEMS, ITEMS } from './items.ts'
export type { ValueOfForm } from './read-value.ts'
export { isSecretPath, itemAt, remedyOf } from './item-paths.ts'
