/**
 * The public face of the emulator: the ECS metadata service without a cloud.
 *
 * @example
 * ```ts
 * import { createMetadataEmulator } from 'rollcall/emulator'
 *
 * const { fetch, instances } = await createMetadataEmulator({ instances: 300, seed: 'a' })
 * const { instanceId = '' } = instances[7] ?? {}
 * const url = `http://100.100.100.200/instances/${instanceId}/latest/meta-data/instance-id`
 * console.log((await (await fetch(url)).text()) === instanceId) // true
 * ```
 * @module rollcall/emulator
 */

export {
  type MetadataEmulator,
  type MetadataEmulatorOptions,
  createMetadataEmulator,
} from './emulator.ts'
export type { EmulatedDisk, EmulatedInstance, EmulatedInterface } from './emulated-instance.ts'
export {
  type DiskDescription,
  type InstanceDescription,
  type SpotTermination,
  type SystemEvent,
  parseInstanceDescriptions,
} from './instance-description.ts'
