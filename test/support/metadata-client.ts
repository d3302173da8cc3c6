// Clients of an emulator, without a port between them, that keep count of what they send.

import { type MetadataEmulator, type MetadataEmulatorOptions } from '../../src/emulator/index.ts'
import {
  type Item,
  type MetadataClient,
  type MetadataClientOptions,
  createMetadataClient,
} from '../../src/metadata/index.ts'
import { createTestEmulator } from './test-emulator.ts'

/** An emulator, a client of it, and each request: method and path. */
export interface ClientServers {
  readonly emulator: MetadataEmulator
  readonly client: MetadataClient
  readonly requests: string[]
}

/** Sets one up. */
export const startClientServers = async (
  emulatorOptions: MetadataEmulatorOptions = {},
  clientOptions: MetadataClientOptions = {},
): Promise<ClientServers> => {
  const emulator = await createTestEmulator(emulatorOptions)
  const requests: string[] = []
  const client = createMetadataClient({
    fetch: (url, init) => {
      requests.push(`${init.method} ${new URL(url).pathname}`)
      return emulator.fetch(url, init)
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

/** How a path is written in a URL, by a rule of the tests' own: only keys of tags hold what must be encoded. */
export const asTarget = (path: string): string => {
  const [, folder = '', key = ''] = /^(.*tags\/instance\/)(.+)$/.exec(path) ?? []
  return key === '' ? path : folder + encodeURIComponent(key)
}

/** The text that an item had before it was read. */
export const asText = ({ form, path }: Item, value: unknown): string => {
  if (form === 'addresses') {
    const text = (value as string[]).join()
    return /ipv6s$|blocks$/.test(path) ? `[${text}]` : text
  }
  if (form === 'lines') return (value as string[]).join('\n')
  if (form === 'json') return JSON.stringify(value)
  if (form === 'time') return new Date((value as number) * 1000).toISOString().replace('.000', '')
  if (form === 'names') return (value as string[]).join('\n')
  return String(value)
}
