// The instance that a key was made for. Copying a disk copies the key on it: each machine that
// starts from an image of an enrolled instance has its key. So the key names its instance, in two
// members beside those of RFC 7517.

import { utf8 } from '../base/bytes.ts'
import { InstanceIdentityError } from '../base/errors.ts'
import { type Result, accept, refuse } from '../base/result.ts'
import { matchesField, readIdentityDocument } from '../codec/identity-document.ts'
import { type MetadataClient, MetadataError } from '../metadata/index.ts'
import { ClientError } from './client-error.ts'

/** An instance, by two values that never change. */
export interface KeyInstance {
  /** Id of the instance. */
  readonly instanceId: string
  /** Serial number of the instance. */
  readonly serialNumber: string
}

/**
 * Reads the mark of a key: its members `instance_id` and `serial_number`.
 * @returns `undefined` for a key without a mark; a refusal says what is wrong with the mark
 */
export const readKeyInstance = (jwk: object): Result<KeyInstance | undefined, string> => {
  const { instance_id: id, serial_number: serial } = jwk as Readonly<Record<string, unknown>>
  if (id === undefined && serial === undefined) return accept(undefined)
  const isInstance = typeof id === 'string' && matchesField('instance-id', id)
  if (!isInstance || typeof serial !== 'string' || !matchesField('serial-number', serial)) {
    return refuse(
      '"instance_id" and "serial_number" name the instance of the key: expected both, as in its identity document',
    )
  }
  return accept({ instanceId: id, serialNumber: serial })
}

/** The members that mark a key. */
export const membersOfInstance = ({
  instanceId,
  serialNumber,
}: KeyInstance): Readonly<Record<string, string>> => ({
  instance_id: instanceId,
  serial_number: serialNumber,
})

/**
 * Makes the error of a call that a failure of the metadata service has ended.
 * @returns `metadata_failed` with the words of a `MetadataError`; any other error unchanged
 */
export const asMetadataFailure = (cause: unknown): unknown => {
  if (!(cause instanceof MetadataError)) return cause
  const { detail, remedy } = cause
  return new ClientError(detail, { code: 'metadata_failed', remedy, cause })
}

/**
 * Asks the metadata service which instance this is.
 * @param metadata a client of the metadata service
 * @returns the instance, from its identity document, which is not verified
 * @throws ClientError `metadata_failed`
 * @example
 * ```ts
 * import { askInstance } from 'rollcall/client'
 * import { createMetadataEmulator } from 'rollcall/emulator'
 * import { createMetadataClient } from 'rollcall/metadata'
 *
 * const { fetch, instances } = await createMetadataEmulator()
 * const { instanceId } = await askInstance(createMetadataClient({ fetch }))
 * console.log(instanceId === instances[0]?.instanceId) // true
 * ```
 * @see https://www.alibabacloud.com/help/en/ecs/user-guide/use-instance-identities
 */
export const askInstance = async (
  metadata: Pick<MetadataClient, 'identityDocument'>,
): Promise<KeyInstance> => {
  try {
    const { instanceId, serialNumber } = readIdentityDocument(
      utf8(await metadata.identityDocument()),
    )
    return { instanceId, serialNumber }
  } catch (cause) {
    if (cause instanceof InstanceIdentityError) {
      throw new ClientError(
        `the metadata service answers with a document that is not an identity document (${cause.message})`,
        { code: 'metadata_failed', remedy: 'is this the metadata service of ECS?', cause },
      )
    }
    throw asMetadataFailure(cause)
  }
}

/**
 * Refuses a key that was made for another instance. A key that names no instance is accepted.
 * @param key a key, from `parsePrivateKey()` or `createDpopKey()`
 * @param here the instance that this is, from `askInstance()`
 * @throws ClientError `key_of_another_instance`
 * @example
 * ```ts
 * import { ClientError, requireKeyOf } from 'rollcall/client'
 *
 * const key = { instance: { instanceId: 'i-1', serialNumber: 's-1' } }
 * try {
 *   requireKeyOf(key, { instanceId: 'i-2', serialNumber: 's-2' })
 * } catch (error) {
 *   if (!(error instanceof ClientError)) throw error
 *   console.log(error.code) // key_of_another_instance
 * }
 * ```
 */
export const requireKeyOf = (
  { instance }: { readonly instance?: KeyInstance | undefined },
  here: KeyInstance,
): void => {
  if (instance === undefined) return
  const isSameId = instance.instanceId === here.instanceId
  if (isSameId && instance.serialNumber === here.serialNumber) return
  const serial = ({ serialNumber }: KeyInstance): string =>
    isSameId ? ` with serial number ${serialNumber}` : ''
  throw new ClientError(
    `the key was made for instance ${instance.instanceId}${serial(instance)}, ` +
      `and this is ${here.instanceId}${serial(here)}`,
    {
      code: 'key_of_another_instance',
      remedy:
        'Delete the key on this machine and in the image that it came from, and enroll with a new key.\n' +
        `If ${here.instanceId} has enrolled with this key under "same_key", have an operator reset it first.`,
    },
  )
}
