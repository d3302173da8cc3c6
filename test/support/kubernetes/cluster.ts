// All that takes part when an instance joins a cluster: emulated instances, the service as a process of its own behind
// TLS, an API server with the printed configuration, and the command as the plugin of kubectl.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type EmulatedInstance,
  type InstanceDescription,
  createMetadataEmulator,
} from '../../../src/emulator/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { type ProcessOptions, buildCommand } from '../command-process.ts'
import type { RollcallCommand } from '../command.ts'
import { listen } from '../listener.ts'
import { type ServiceProcess, startService } from '../start-service.ts'
import { type ApiServer, type ApiServerOptions, startApiServer } from './api-server.ts'
import { issuerOf } from './configured-issuer.ts'
import type { ExecUser } from './kubeconfig.ts'
import { findReadyPrograms } from './programs.ts'
import { type RealServer, startRealServer } from './real-server.ts'
import { startTlsFront } from './tls-front.ts'

/** The audience of the cluster. */
export const CLUSTER_AUDIENCE = 'https://cluster.example'

/** How it is started. */
export interface ClusterOptions {
  /** Roles beside `node`, which gives bound tokens with an exchange for the cluster. */
  readonly roles?: Readonly<Record<string, object>>
  readonly variables?: Readonly<Record<string, string>>
  /** Default: three. */
  readonly instances?: readonly InstanceDescription[]
  readonly apiServer?: ApiServerOptions
  /** The roles that the printed file names. Default: `node`. */
  readonly admitted?: readonly string[]
}

/** What the plugin is called with. */
export interface PluginOptions {
  /** Default: `node`. */
  readonly role?: string
  /** Default: `key.json` of the command's folder; `false`: no key. */
  readonly key?: string | false
  /** Default: the first one. */
  readonly instance?: EmulatedInstance | undefined
  readonly args?: readonly string[]
  /** Default: v1. */
  readonly apiVersion?: string
}

/** The API server, the stand-in or a real one, which can take another file. */
export interface ClusterServer extends Pick<
  ApiServer,
  'url' | 'ca' | 'refusals' | 'kubeconfig' | 'certificateFor' | 'close'
> {
  /** Takes a printed configuration. */
  configure(file: string): Promise<void>
}

/** A running cluster. */
export interface Cluster {
  readonly issuer: string
  readonly instances: readonly EmulatedInstance[]
  readonly service: ServiceProcess
  readonly server: ClusterServer
  /** The same server, if it is a real one. */
  readonly real: RealServer | undefined
  readonly command: RollcallCommand<ProcessOptions>
  /** The private keys that sign tokens. */
  readonly signingKeys: readonly object[]
  /**
   * Starts the service again with new signing keys alone, as after a theft. A ledger in memory is empty then.
   * @param whileDown runs while there is no service
   */
  replaceKeys(whileDown?: () => Promise<void>): Promise<void>
  /** What `rollcall kubernetes config` printed. */
  readonly configuration: string
  /** The environment of each run of the command. */
  readonly env: Record<string, string>
  /** Prints a configuration. */
  configure(...args: string[]): Promise<string>
  /** The arguments of a run of the plugin. */
  pluginArgs(options?: PluginOptions): string[]
  /** The user of a kubeconfig that runs the plugin. */
  plugin(options?: PluginOptions): ExecUser
  /** A token as the plugin prints it. */
  token(options?: PluginOptions): Promise<string>
  /** Runs the command as an operator. */
  operate(...args: string[]): Promise<void>
  close(): Promise<void>
}

const NODE_ROLE = {
  token: { audience: ['https://rollcall.internal'], lifetime_seconds: 600 },
  reenrollment: 'same_key',
  exchange: [{ audience: CLUSTER_AUDIENCE, binding: 'none', lifetime_seconds: 120 }],
}

const startStandIn = async (file: string, options?: ApiServerOptions): Promise<ClusterServer> => {
  const server = await startApiServer({ issuer: issuerOf(file), ...options })
  return { ...server, configure: async (text) => server.configure(issuerOf(text)) }
}

/** Starts all of it. The API server is a real one if `ROLLCALL_KUBERNETES_BIN` names its programs. */
export const startCluster = async (options: ClusterOptions = {}): Promise<Cluster> => {
  const { roles = {}, admitted = ['node'] } = options
  const command = await buildCommand()
  const file = (name: string): string => join(command.folder, name)
  const emulator = await createMetadataEmulator({ instances: options.instances ?? 3 })
  const metadata = await listen({ fetch: (request) => emulator.fetch(request) })
  const front = await startTlsFront()
  writeFileSync(file('rollcall-ca.pem'), front.ca)
  const operator = await generateSigningKeys('ES256')
  writeFileSync(file('operator.json'), JSON.stringify(operator), { mode: 0o600 })
  const { jwks } = await parseSigningKeys(operator)
  const account = emulator.instances[0]?.ownerAccountId ?? ''
  const match = { owner_account_id: [account] }
  const all = Object.entries({ node: NODE_ROLE, ...roles }).map(
    ([name, role]) => [name, { match, ...role }] as const,
  )
  let keys = await generateSigningKeys('ES256')
  const start = async (): Promise<ServiceProcess> => {
    const started = await startService('Node', {
      variables: {
        ROLLCALL_ISSUER: front.url,
        ROLLCALL_SIGNING_KEYS: JSON.stringify(keys),
        ROLLCALL_POLICY: JSON.stringify({ roles: Object.fromEntries(all) }),
        ROLLCALL_TRUST_ANCHORS: emulator.certificatePem,
        ROLLCALL_ADMIN_KEYS: JSON.stringify(jwks),
        ...options.variables,
      },
    })
    front.passTo(started.port)
    return started
  }
  let service = await start()
  const env = { NODE_EXTRA_CA_CERTS: file('rollcall-ca.pem') }

  const run = async (args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await command.run(args, { env })
    if (status !== 0) throw new Error(`rollcall ${args.join(' ')} ended with ${status}: ${stderr}`)
    return stdout
  }
  const printed = ['--ca', 'rollcall-ca.pem']
  const configure: Cluster['configure'] = (...args) => {
    const usual = ['--audience', CLUSTER_AUDIENCE, '--role', admitted.join(), '--account', account]
    return run(['kubernetes', 'config', front.url, ...usual, ...printed, ...args])
  }
  const programs = findReadyPrograms()
  // Kubernetes before 1.34 has no other version of the format.
  if (programs !== undefined && programs.minor < 34) printed.push('--api-version', 'v1beta1')
  const configuration = await configure()
  const real =
    programs &&
    (await startRealServer({
      programs,
      configuration,
      issuer: front.url,
      signingSeconds: options.apiServer?.clusterSigningSeconds,
      signs: options.apiServer?.controllers,
    }))
  const server = real ?? (await startStandIn(configuration, options.apiServer))

  const pluginArgs: Cluster['pluginArgs'] = (plugin = {}) => {
    const { role = 'node', key = 'key.json', instance, args = [] } = plugin
    const metadataUrl =
      instance === undefined ? metadata.url : `${metadata.url}/instances/${instance.instanceId}`
    return [
      'kubernetes',
      'credential',
      front.url,
      `--role=${role}`,
      `--resource=${CLUSTER_AUDIENCE}`,
      `--metadata-url=${metadataUrl}`,
      ...(key === false ? [] : [`--dpop-key=${file(key)}`]),
      ...args,
    ]
  }
  return {
    issuer: front.url,
    instances: emulator.instances,
    get service() {
      return service
    },
    server,
    real,
    command,
    get signingKeys() {
      return keys.keys
    },
    async replaceKeys(whileDown) {
      await service.stop()
      await whileDown?.()
      keys = await generateSigningKeys('ES256')
      service = await start()
    },
    configuration,
    env,
    configure,
    pluginArgs,
    plugin: (plugin = {}) => ({
      exec: {
        command: process.execPath,
        args: [file('dist/cli/rollcall.js'), ...pluginArgs(plugin)],
        env: Object.entries(env).map(([name, value]) => ({ name, value })),
        ...(plugin.apiVersion !== undefined && { apiVersion: plugin.apiVersion }),
      },
    }),
    async token(plugin) {
      const { status } = JSON.parse(await run(pluginArgs(plugin))) as { status: { token: string } }
      return status.token
    },
    operate: async (...args) =>
      void (await run([...args, '--issuer', front.url, '--key', file('operator.json')])),
    async close() {
      await server.close()
      await service.stop()
      await front.close()
      await metadata.close()
      command.remove()
    },
  }
}
