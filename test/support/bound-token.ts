// A service that exchanges tokens, and an instance of it that has enrolled with a key: what the tests of `exchange` and
// `token` begin with.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type DpopKey,
  createDpopKey,
  enrollInstance,
  parsePrivateKey,
} from '../../src/client/index.ts'
import { createMetadataClient } from '../../src/metadata/index.ts'
import { type ClientServers, startClientServers } from './client-servers.ts'
import { generateInstanceKey } from './instance-key.ts'

/** The audience of unbound tokens, and the audience of bound ones. */
export const APP = 'https://app.example'
export const BOUND_APP = 'https://bound.example'

/** A service, and an instance that has enrolled. */
export interface BoundToken {
  readonly servers: ClientServers
  /** The token of the enrollment, also in the file `token.jwt`. */
  readonly accessToken: string
  /** The key of the enrollment, also in the file `key.json`. */
  readonly dpopKey: DpopKey
  /** The private members of the key. */
  readonly secrets: readonly string[]
}

/** Starts the service, enrolls, and writes both files. */
export const createBoundToken = async (folder: string): Promise<BoundToken> => {
  const exchange = [
    { audience: APP, binding: 'none' },
    { audience: BOUND_APP, binding: 'dpop', lifetime_seconds: 60 },
  ]
  const servers = await startClientServers({ role: { reenrollment: 'same_key', exchange } })
  const keys = await generateInstanceKey()
  const dpopKey = createDpopKey(await parsePrivateKey(keys))
  const metadata = createMetadataClient({ baseUrl: servers.metadataUrl })
  const { accessToken } = await enrollInstance({ issuer: servers.url, metadata, dpopKey })
  writeFileSync(join(folder, 'key.json'), JSON.stringify(keys), { mode: 0o600 })
  writeFileSync(join(folder, 'token.jwt'), accessToken, { mode: 0o600 })
  return { servers, accessToken, dpopKey, secrets: keys.keys.map(({ d }) => String(d)) }
}
