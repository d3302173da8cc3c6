// The Worker's bundle in workerd itself, without wrangler's proxies, split as the platform has it: the
// Worker in one process, its Durable Objects, on disk, in another one. So each can be measured.

import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { reservePort } from '../support/ports.ts'
import { startProcess, waitUntil } from '../support/processes.ts'
import { ROOT } from '../support/sources.ts'
import { processorMs } from './processor.ts'

const READY_SECONDS = 30
const run = promisify(execFile)

/** One of the processes. */
export interface WorkerdProcess {
  readonly port: number
  /** Milliseconds that all its threads have run on a processor. Linux only. */
  processorMs(): number
  output(): string
  stop(): Promise<unknown>
}

/** The host of the requests by which one process calls methods of another one. No server has this name. */
const RPC_HOST = 'rpc.test'

/** The binary itself: the package's start script would be another process. */
const workerdPath = async (): Promise<string> =>
  ((await import(createRequire(import.meta.url).resolve('workerd'))) as { default: string }).default

/** The version of workerd. */
export const workerdVersion = async (): Promise<string> =>
  (await run(await workerdPath(), ['--version'])).stdout.trim()

const compatibilityDate = (): string =>
  /^compatibility_date = "(.*)"$/m.exec(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8'))?.[1] ??
  ''

/** Starts workerd on a free port. @param worker what the service `main` is, in Cap'n Proto's text */
export const startWorkerd = async (
  folder: string,
  name: string,
  {
    modules,
    worker,
    services = '',
    extensions = '',
  }: { modules: string[]; worker: string; services?: string; extensions?: string },
  env: Readonly<Record<string, string>> = {},
): Promise<WorkerdProcess> => {
  const port = await reservePort()
  const config = join(folder, `${name}.capnp`)
  const embedded = modules.map((file) => `(name = "${file}", esModule = embed "${file}")`)
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), ${services}],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (capnpConnectHost = "${RPC_HOST}"), service = "main")],
  extensions = [(modules = [${extensions}])],
);
const main :Workerd.Worker = (
  modules = [${embedded.join(', ')}],
  compatibilityDate = "${compatibilityDate()}",
  ${worker}
);
`,
  )
  const { child, output, stop } = startProcess(await workerdPath(), ['serve', config], env)
  // A request would be the first one, which is to be measured: what is waited for is the socket.
  const accepts = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy().destroyed))
      socket.on('error', () => resolve(false))
    })
  const alive = (): boolean => child.exitCode === null
  await waitUntil(accepts, { seconds: READY_SECONDS, what: `${name} ready`, alive })
  return {
    port,
    output: () => output.stdout + output.stderr,
    stop,
    processorMs: () => processorMs(child.pid as number),
  }
}

/** In the words of {@link startWorkerd}: the bundle's Durable Objects, kept on disk below a folder. */
export const durableObjects = (folder: string): { services: string; worker: string } => {
  const storage = join(folder, 'storage')
  mkdirSync(storage)
  return {
    services: `(name = "storage", disk = (path = "${storage}", writable = true))`,
    worker: `
  durableObjectNamespaces = [(className = "LedgerObject", uniqueKey = "ledger", enableSql = true)],
  durableObjectStorage = (localDisk = "storage"),`,
  }
}

/** In the words of {@link startWorkerd}: the binding of the objects, and variables of the process. */
export const objectBinding = '(name = "LEDGER", durableObjectNamespace = "LedgerObject")'
export const variableBinding = (name: string): string =>
  `(name = "${name}", fromEnvironment = "${name}")`

/** Starts the Durable Objects of the bundle. They answer over RPC; the first argument is the name of the object. */
export const startObjects = (folder: string): Promise<WorkerdProcess> => {
  writeFileSync(
    join(folder, 'objects.js'),
    `import { WorkerEntrypoint } from 'cloudflare:workers'
export { LedgerObject } from './worker.js'
export default class extends WorkerEntrypoint {
  #object = (name) => this.env.LEDGER.get(this.env.LEDGER.idFromName(name))
  read(name, ...call) { return this.#object(name).read(...call) }
  compareAndSet(name, ...call) { return this.#object(name).compareAndSet(...call) }
  list(name, ...call) { return this.#object(name).list(...call) }
}
`,
  )
  const { services, worker } = durableObjects(folder)
  return startWorkerd(folder, 'objects', {
    modules: ['objects.js', 'worker.js'],
    services,
    worker: `bindings = [${objectBinding}], ${worker}`,
  })
}

/** The binding of the objects in another process: it has the methods of a namespace, and calls them over RPC. */
const REMOTE_NAMESPACE = `export default ({ objects }) => ({
  idFromName: (name) => name,
  get: (name) => ({
    read: (...call) => objects.read(name, ...call),
    compareAndSet: (...call) => objects.compareAndSet(name, ...call),
    list: (...call) => objects.list(name, ...call),
  }),
})
`

/** Starts the Worker of the bundle. @param variables what `wrangler.toml` and secrets would bind */
export const startWorkerAlone = (
  folder: string,
  objectsPort: number,
  variables: Readonly<Record<string, string>>,
): Promise<WorkerdProcess> => {
  writeFileSync(join(folder, 'namespace.js'), REMOTE_NAMESPACE)
  const bindings = Object.keys(variables).map(variableBinding)
  return startWorkerd(
    folder,
    'alone',
    {
      modules: ['worker.js'],
      services: `(name = "objects", external = (
        address = "127.0.0.1:${objectsPort}", http = (capnpConnectHost = "${RPC_HOST}")))`,
      extensions: '(name = "bench:namespace", esModule = embed "namespace.js", internal = true)',
      worker: `bindings = [${bindings.join(', ')}, (name = "LEDGER", wrapped = (
    moduleName = "bench:namespace", innerBindings = [(name = "objects", service = "objects")]))],`,
    },
    variables,
  )
}
