// The public face of the instance's side: the client of the metadata service, and its emulator.

export {
  type Evidence,
  type GetOptions,
  type MetadataClient,
  type MetadataClientOptions,
  type PublicKey,
  createMetadataClient,
} from './client.ts'
export { type MetadataErrorCode, MetadataError } from './metadata-error.ts'
export type { MetadataMode } from './session.ts'
export type { ListEntry } from './listing.ts'
export { type Item, INTERFACE_ITEMS, ITEMS, isSecretPath, itemAt, remedyOf } from './items.ts'
export {
  type MetadataEmulator,
  type MetadataEmulatorOptions,
  createMetadataEmulator,
} from '../emulator/emulator.ts'
export type { EmulatedInstance, EmulatedInterface } from '../emulator/instance.ts'
export {
  type InstanceDescription,
  type SpotTermination,
  type SystemEvent,
  parseInstanceDescriptions,
} from '../emulator/instance-description.ts'
