// The public face of the emulator: the ECS metadata service without a cloud.

export {
  type MetadataEmulator,
  type MetadataEmulatorOptions,
  createMetadataEmulator,
} from './emulator.ts'
export type { EmulatedInstance, EmulatedInterface } from './emulated-instance.ts'
export {
  type InstanceDescription,
  type SpotTermination,
  type SystemEvent,
  parseInstanceDescriptions,
} from './instance-description.ts'
