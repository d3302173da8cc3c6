// Stores whose driver runs in a process of its own, ends by SIGKILL and goes on from what is on disk.

import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reservePort } from '../../support/ports.ts'
import { type RunningProcess, startProcess, waitUntil } from '../../support/processes.ts'
import { ROOT } from '../../support/sources.ts'
import { DENO } from '../../support/start-service.ts'
import type { LedgerStore } from '../../cases/ledger/contract.ts'
import { createRemoteLedger } from '../../cases/ledger/remote-ledger.ts'

const READY_SECONDS = 30
const TSX = import.meta.resolve('tsx')

/** How a host is started. */
export type HostCommand = (place: { readonly port: number; readonly folder: string }) => Promise<{
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Record<string, string>
}>

/** Where the driver's database is, in a store's folder. */
const databaseIn = (folder: string): string => join(folder, 'data', 'ledger.db')

/** A Node that runs TypeScript; `tsx` for one that can't by itself. */
export const nodeHost =
  (driver: string, node: string, { source = ROOT, tsx = false } = {}): HostCommand =>
  async ({ port, folder }) => ({
    command: node,
    args: [
      ...(tsx ? ['--import', TSX] : []),
      join(source, 'test/system/ledger/host.ts'),
      driver,
      String(port),
      databaseIn(folder),
    ],
  })

/** Deno, with the permissions that the driver needs and no other. */
export const denoHost =
  (driver: string, { source = ROOT } = {}): HostCommand =>
  async ({ port, folder }) => {
    const data = join(folder, 'data')
    return {
      command: DENO,
      args: [
        'run',
        '--no-prompt',
        '--no-lock',
        '--cached-only',
        `--allow-net=127.0.0.1:${port}`,
        `--allow-read=${data}`,
        `--allow-write=${data}`,
        ...(driver === 'deno-kv' ? ['--unstable-kv'] : []),
        join(source, 'test/system/ledger/host.ts'),
        driver,
        String(port),
        databaseIn(folder),
      ],
    }
  }

/** workerd under `wrangler dev`, the objects on disk. */
export const workerHost =
  ({ source = ROOT } = {}): HostCommand =>
  async ({ port, folder }) => ({
    command: process.execPath,
    args: [
      join(ROOT, 'node_modules/wrangler/bin/wrangler.js'),
      'dev',
      `--config=${join(source, 'test/system/ledger/host-worker.toml')}`,
      '--ip=127.0.0.1',
      `--port=${port}`,
      `--inspector-port=${await reservePort()}`,
      `--persist-to=${join(folder, 'data')}`,
      '--show-interactive-dev-session=false',
    ],
    env: {
      WRANGLER_SEND_METRICS: 'false',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      NO_COLOR: '1',
    },
  })

interface Host {
  readonly url: string
  readonly folder: string
  start(): Promise<void>
  /** Ends it hard. */
  kill(): Promise<void>
  close(): Promise<void>
}

const startHost = async (commandOf: HostCommand, shared?: string): Promise<Host> => {
  const folder = shared ?? mkdtempSync(join(tmpdir(), 'rollcall-ledger-'))
  mkdirSync(join(folder, 'data'), { recursive: true })
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  let running: RunningProcess | undefined

  const kill = async (): Promise<void> => {
    if (running?.child.exitCode === null) process.kill(-(running.child.pid as number), 'SIGKILL')
    await running?.stop()
    running = undefined
  }
  const start = async (): Promise<void> => {
    const { command, args, env } = await commandOf({ port, folder })
    const started = startProcess(command, args, env)
    running = started
    const answers = async (): Promise<boolean> =>
      (await fetch(url).catch(() => undefined)) !== undefined
    const alive = (): boolean => started.child.exitCode === null
    try {
      await waitUntil(answers, { seconds: READY_SECONDS, what: 'the host of the ledger', alive })
    } catch (cause) {
      await kill()
      throw new Error(`${started.output.stdout}\n${started.output.stderr}`, { cause })
    }
  }
  const close = async (): Promise<void> => {
    await kill()
    if (shared === undefined) rmSync(folder, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await close()
    throw error
  }
  return { url, folder, start, kill, close }
}

/** A store in a file. */
export interface FileStore extends LedgerStore {
  /** The folder of the store, which another host may share. */
  readonly folder: string
  /** The database file. */
  readonly path: string
}

/**
 * A ledger in a file. It breaks by a hard end of the process and a file that is no database in the place
 * of the real one; a process that has it open continues once the real one is back.
 * @param shared the folder of another store, whose file this one is to use too
 */
export const openFileStore = async (command: HostCommand, shared?: string): Promise<FileStore> => {
  const host = await startHost(command, shared)
  const path = databaseIn(host.folder)
  const data = join(host.folder, 'data')
  const aside = join(host.folder, 'aside')
  return {
    folder: host.folder,
    path,
    ledger: createRemoteLedger(host.url),
    async restart() {
      await host.kill()
      await host.start()
    },
    async breakStore() {
      await host.kill()
      renameSync(data, aside)
      mkdirSync(data)
      writeFileSync(path, 'This is no database. '.repeat(1000))
      await host.start()
    },
    async mendStore() {
      // In the same folder: the host may hold on to it.
      for (const name of readdirSync(data)) rmSync(join(data, name))
      for (const name of readdirSync(aside)) renameSync(join(aside, name), join(data, name))
      rmSync(aside, { recursive: true })
    },
    close: host.close,
  }
}

/** The ledger in Durable Objects, which break one by one, each when it is asked something. */
export const openWorkerStore = async (
  command: HostCommand = workerHost(),
): Promise<LedgerStore> => {
  const host = await startHost(command)
  return {
    ledger: createRemoteLedger(host.url),
    async restart() {
      await host.kill()
      await host.start()
    },
    async breakStore() {
      await fetch(`${host.url}/break`)
    },
    async mendStore() {
      await fetch(`${host.url}/mend`)
    },
    close: host.close,
  }
}
