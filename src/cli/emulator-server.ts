// The emulated metadata service behind a port of this machine.

import { serve } from '@hono/node-server'
import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import {
  type MetadataEmulator,
  type MetadataEmulatorOptions,
  createMetadataEmulator,
} from '../emulator/index.ts'

/** Where to listen, and what to emulate. */
export interface EmulatorServerOptions extends MetadataEmulatorOptions {
  /** Default: 0, any free port. */
  readonly port?: number
  /** Default: 127.0.0.1. */
  readonly host?: string
}

/** A running emulator. */
export interface EmulatorServer {
  /** Its base URL, without a slash at the end. */
  readonly url: string
  readonly emulator: MetadataEmulator
  /** Stops at once. Answers in progress are cut off. */
  close(): Promise<void>
}

/**
 * Starts an emulator.
 * @throws RangeError for an invalid option; the error of `listen` if the port is taken
 */
export const startEmulator = async ({
  port = 0,
  host = '127.0.0.1',
  ...options
}: EmulatorServerOptions = {}): Promise<EmulatorServer> => {
  const emulator = await createMetadataEmulator(options)
  // The server passes a second argument that is not meant for the emulator.
  const fetch = (request: Request): Promise<Response> => emulator.fetch(request)
  // In the process of a test, this server must not replace the global Request and Response.
  const server = serve({ fetch, port, hostname: host, overrideGlobalObjects: false }) as Server
  await new Promise((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', reject)
  })
  const address = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    emulator,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
