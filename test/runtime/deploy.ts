// Deployments by the entries of the project, each as its platform starts it.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { freePort } from '../support/processes.ts'
import { type ServiceVariables, startService, startWorker } from '../support/services.ts'
import type { Deploy, Deployment } from './deployment.ts'
import { type Store, fileStore, redisStore } from './stores.ts'

/** Where a deployment keeps its things. */
export interface Place {
  readonly folder: string
  readonly port: number
  readonly url: string
}

type Context = Pick<TestContext, 'skip'>

const makePlace = async (): Promise<Place> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-deployment-'))
  mkdirSync(join(folder, 'data'))
  const port = await freePort()
  return { folder, port, url: `http://127.0.0.1:${port}` }
}

const deployment = (
  { url, folder }: Place,
  store: Store,
  start: Deployment['start'],
): Deployment => ({
  url,
  start,
  breakStore: store.breakStore,
  mendStore: store.mendStore,
  async close() {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  },
})

/** The Worker in workerd under `wrangler dev`, its Durable Objects on disk. */
export const onWorkers: Deploy = async (_, variables) => {
  const place = await makePlace()
  const store = fileStore(join(place.folder, 'state', 'v3', 'do'))
  return deployment(place, store, () => startWorker(variables, place))
}

/** A command that serves on a place. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Which store a deployment has. */
export type StoreKind = 'redis' | 'sqlite' | 'deno-kv'

const openStore = async (context: Context, kind: StoreKind, { folder }: Place): Promise<Store> => {
  const data = join(folder, 'data')
  return kind === 'redis'
    ? redisStore(context)
    : fileStore(data, `${kind}:${join(data, 'ledger.db')}`)
}

/**
 * An entry that is a process and takes its configuration from the environment.
 * @param commandOf gives what to start
 */
export const onProcess =
  (
    store: StoreKind,
    commandOf: (place: Place, context: Context) => Promise<Command> | Command,
  ): Deploy =>
  async (context, variables: ServiceVariables) => {
    const place = await makePlace()
    const { command, args, env } = await commandOf(place, context)
    const opened = await openStore(context, store, place)
    return deployment(place, opened, () =>
      startService(place.url, command, args, {
        ROLLCALL_ISSUER: place.url,
        PORT: String(place.port),
        ...(opened.ledger !== undefined && { ROLLCALL_LEDGER: opened.ledger }),
        ...variables,
        ...env,
      }),
    )
  }
