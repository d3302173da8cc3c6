// The public face of the client of the metadata service.

export {
  type Evidence,
  type GetOptions,
  type MetadataClient,
  type MetadataClientOptions,
  type SshPublicKey,
  createMetadataClient,
} from './client.ts'
export { type MetadataErrorCode, MetadataError } from './metadata-error.ts'
export type { MetadataMode } from './session.ts'
export type { ListEntry } from './listing.ts'
export { type Item, INTERFACE_ITEMS, ITEMS, isSecretPath, itemAt, remedyOf } from './items.ts'
