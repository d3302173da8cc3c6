// Clients of an emulator, without a port between them, that keep count of what they send.

import {
  type MetadataClient,
  type MetadataClientOptions,
  type MetadataEmulator,
  type MetadataEmulatorOptions,
  createMetadataClient,
  createMetadataEmulator,
} from '../../src/metadata/index.ts'

/** An emulator, a client of it, and each request: method and path. */
export interface ClientScene {
  readonly emulator: MetadataEmulator
  readonly client: MetadataClient
  readonly requests: string[]
}

/** Sets one up. */
export const setClientScene = async (
  emulatorOptions: MetadataEmulatorOptions = {},
  clientOptions: MetadataClientOptions = {},
): Promise<ClientScene> => {
  const emulator = await createMetadataEmulator(emulatorOptions)
  const requests: string[] = []
  const client = createMetadataClient({
    fetch: (url, init) => {
      requests.push(`${init.method} ${new URL(url).pathname}`)
      return emulator.fetch(new Request(url, init))
    },
    ...clientOptions,
  })
  return { emulator, client, requests }
}

/** What a promise is rejected with. */
export const failureOf = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was not rejected')
}
