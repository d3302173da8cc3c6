// Deployments by the entries of the project, each as its platform starts it.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { reservePort } from '../../support/ports.ts'
import { type RunningProcess, startProcess } from '../../support/processes.ts'
import {
  type RunningService,
  type ServiceVariables,
  serviceOf,
  startService,
} from '../../support/start-service.ts'
import type { Deploy, Deployment } from '../../cases/runtime/deployment.ts'
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
  const port = await reservePort()
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
  readsWhileBroken: store.readsWhileBroken,
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
  return deployment(place, store, () =>
    startService('workerd', { variables, folder: place.folder, port: place.port }),
  )
}

/** What serves on a place. */
export interface Entry {
  start(env: Record<string, string>): RunningProcess
  /** Where it serves, if not at the place itself. */
  readonly port?: number
  /** Removes what was made for it. */
  remove?(): void
}

/** An entry that is a command. */
export const entryOf = (command: string, ...args: readonly string[]): Entry => ({
  start: (env) => startProcess(command, args, env),
})

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
 * @param makeEntry gives what to start
 * @param behind puts what the platform has in front of the service before it
 */
export const onProcess =
  (
    store: StoreKind,
    makeEntry: (place: Place, context: Context) => Promise<Entry> | Entry,
    behind: (service: RunningService, place: Place) => Promise<RunningService> = async (service) =>
      service,
  ): Deploy =>
  async (context, variables: ServiceVariables) => {
    const place = await makePlace()
    const entry = await makeEntry(place, context)
    const { port = place.port } = entry
    const opened = await openStore(context, store, place)
    const close = async (): Promise<void> => {
      await opened.close()
      entry.remove?.()
    }
    return deployment(place, { ...opened, close }, async () => {
      const running = entry.start({
        ROLLCALL_ISSUER: place.url,
        PORT: String(port),
        ...(opened.ledger !== undefined && { ROLLCALL_LEDGER: opened.ledger }),
        ...variables,
      })
      return behind(await serviceOf(`http://127.0.0.1:${port}`, running), place)
    })
  }
