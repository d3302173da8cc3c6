// Consul as a door: a token opens it if the servers give an agent its configuration for it. Debian 12 has no Consul, so
// no test starts it.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type RunningProcess, startProcess, waitUntil } from '../processes.ts'
import { consul } from '../../../src/cli/recipe/recipes/consul.ts'
import { fillRecipe } from '../../../src/cli/recipe/fill.ts'
import { reservePort } from '../ports.ts'
import {
  type Changes,
  type Door,
  type DoorOptions,
  outputOf,
  placeFiles,
  recipeFiles,
} from './door.ts'

const READY_SECONDS = 60
/** Its gossip needs UDP, and `reservePort()` holds that port of 127.0.0.1. */
const ADDRESS = '127.0.0.2'
const CONFIGURATION = '/etc/consul.d'

/** Everything on loopback and on free ports, and nothing that asks for newer versions. */
const machine = async (folder: string, more: object): Promise<object> => ({
  data_dir: join(folder, 'data'),
  bind_addr: ADDRESS,
  client_addr: '127.0.0.1',
  disable_update_check: true,
  log_level: 'DEBUG',
  performance: { raft_multiplier: 1 },
  ports: {
    server: await reservePort(),
    serf_lan: await reservePort(),
    serf_wan: -1,
    http: -1,
    dns: -1,
    grpc: -1,
    ...more,
  },
})

/** The instance that a token names, whatever its signature. */
const instanceOf = (token: string): string => {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    readonly ecs: { readonly instance_id: string }
  }
  return claims.ecs.instance_id
}

/**
 * Starts a server from its recipe. Each token is shown by an agent of its own: the answer of `tokenIn` is 200 if the
 * server gave the agent its configuration, else 403.
 * @param program path of `consul`
 * @param nodeOf the name that the agent asks for. Default: the instance of the token
 */
export const startConsul = async (
  program: string,
  options: DoorOptions,
  folder: string,
  nodeOf: (token: string) => string = instanceOf,
): Promise<Door> => {
  const port = await reservePort()
  const upstream = `${ADDRESS}:${port}`
  const tls = join(folder, 'tls')
  mkdirSync(tls, { recursive: true })
  const { issuer, audience, role = 'worker', more } = options
  const steps = consul.steps(fillRecipe(consul, { issuer, audience, role: [role], ...more }))
  for (const step of steps.filter((it) => it.startsWith('consul tls '))) {
    execFileSync('sh', ['-c', step.replace('consul', program)], { cwd: tls, stdio: 'pipe' })
  }
  const changes: Changes = [
    [`${CONFIGURATION}/dc1-`, `${tls}/dc1-`],
    [`${CONFIGURATION}/consul-agent-`, `${tls}/consul-agent-`],
    ...(options.changes ?? []),
  ]
  const files = recipeFiles(consul, options, { upstream })
  const [server, client] = files
  if (server === undefined || client === undefined) throw new Error('expected two files')

  const start = async (
    own: string,
    file: typeof server,
    more: object,
    ports: object,
    args: readonly string[],
  ): Promise<RunningProcess> => {
    placeFiles(
      [file],
      own,
      changes.filter(([printed]) => file.text.split(printed).length > 1),
    )
    const base = { ...(await machine(own, ports)), ...more }
    writeFileSync(join(own, 'machine.json'), JSON.stringify(base))
    return startProcess(
      program,
      [
        'agent',
        '-config-file',
        join(own, 'machine.json'),
        '-config-file',
        join(own, file.path.split('/').at(-1) ?? ''),
        ...args,
      ],
      {
        SSL_CERT_FILE: options.caFile,
        CHECKPOINT_DISABLE: '1',
      },
    )
  }

  const running = await start(
    join(folder, 'server'),
    server,
    { server: true, bootstrap: true, datacenter: 'dc1' },
    { server: port },
    ['-node', 'server'],
  )
  const said = (): string => outputOf(running)
  const stop = async (): Promise<void> => void (await running.stop())
  try {
    await waitUntil(
      () =>
        said().includes('cluster leadership acquired') &&
        said().includes('initialized primary datacenter CA'),
      {
        seconds: READY_SECONDS,
        what: 'Consul ready',
        alive: () => running.child.exitCode === null,
      },
    )
  } catch (cause) {
    await stop()
    throw new Error(`${String(cause)}\n${said()}`, { cause })
  }
  return {
    url: `tcp://${upstream}`,
    async tokenIn(token) {
      const own = mkdtempSync(join(folder, 'agent-'))
      writeFileSync(join(own, 'token'), token)
      const agent = await start(
        own,
        { ...client, text: client.text.replace('/run/rollcall/consul.jwt', join(own, 'token')) },
        {},
        {},
        ['-node', nodeOf(token)],
      )
      const isIn = (): boolean => outputOf(agent).includes('Consul agent running!')
      const isOut = (): boolean => outputOf(agent).includes('InitialConfiguration RPC failed')
      try {
        await waitUntil(() => isIn() || isOut(), {
          seconds: READY_SECONDS,
          what: 'the answer of Consul',
          alive: () => agent.child.exitCode === null,
        }).catch((cause: unknown) => {
          throw new Error(`${String(cause)}\n${outputOf(agent)}`, { cause })
        })
        return { status: isIn() ? 200 : 403, text: outputOf(agent) }
      } finally {
        await agent.stop()
        rmSync(own, { recursive: true })
      }
    },
    seen: [],
    said,
    stop,
  }
}
