// The public face of the instance's side: the emulator of the metadata service.

export {
  type MetadataEmulator,
  type MetadataEmulatorOptions,
  createMetadataEmulator,
} from './emulator.ts'
export type { EmulatedInstance } from './instance.ts'
