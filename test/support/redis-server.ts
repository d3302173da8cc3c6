// Real Redis servers for tests: each on a free port with a folder of its own, everything that it
// acknowledged on disk, to be killed, started again, stopped and continued. All goes at the end.

import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import { reservePort } from './ports.ts'
import { type RunningProcess, startProcess, waitUntil } from './processes.ts'
import { requireTool } from './requirements.ts'

const READY_SECONDS = 20
const CLI_LIMIT_MS = 10_000
const SLOTS = 16_384
const PRIMARIES = 3
const run = promisify(execFile)

/** One server. */
export interface RedisServer {
  /** Without user and password. */
  readonly url: string
  readonly port: number
  /** What it trusts and shows, in PEM; empty without TLS. */
  readonly certificatePem: string
  /** A command by `redis-cli`, as the default user. @returns what it prints */
  cli(...args: readonly string[]): Promise<string>
  /** Many commands at once. */
  pipe(commands: readonly string[]): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it again after `kill`, on the same port with the same data. */
  start(): Promise<void>
  /** SIGSTOP: connections stay and nothing is answered. */
  stop(): void
  /** SIGCONT. */
  continue(): void
  /** Ends it and removes its data. */
  close(): Promise<void>
}

/** A cluster of primaries. */
export interface RedisCluster {
  /** Of the first one, with `cluster=true`. */
  readonly url: string
  readonly servers: readonly RedisServer[]
  /** One for each of the first primaries, as many as were asked for. */
  readonly replicas: readonly RedisServer[]
  /** SIGKILL for all. */
  kill(): Promise<void>
  /** Starts all again, and waits until they are a cluster. */
  start(): Promise<void>
  close(): Promise<void>
}

/** Skips the test, with a reason, where Redis is not installed. */
export const requireRedis = (context: TestContext): void => {
  for (const tool of ['redis-server', 'redis-cli']) {
    requireTool(context, tool, 'apt-get install redis-server')
  }
}

/** A certificate that is its own authority, and its key. */
interface Certificate {
  readonly pem: string
  readonly file: string
  readonly keyFile: string
}

const makeCertificate = async (folder: string): Promise<Certificate> => {
  const [file, keyFile] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  const files = ['-keyout', keyFile, '-out', file]
  const names = ['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await run('openssl', ['req', '-x509', '-days', '2', ...key, ...names, ...files])
  return { pem: readFileSync(file, 'utf8'), file, keyFile }
}

/**
 * Ends a server and removes its folder should this process be killed, which runs nothing at its end.
 * It ends itself when the server ends.
 */
const guard = (pid: number, folder: string): void => {
  const script = `
    while kill -0 "$1" && kill -0 "$2"; do sleep 1; done
    kill -0 "$1" && exit
    kill -9 "$2"
    rm -rf "$3"`
  const args = ['-c', script, 'guard', String(process.pid), String(pid), folder]
  spawn('sh', args, { detached: true, stdio: 'ignore' }).unref()
}

/**
 * Starts a server.
 * @param options.settings lines of `redis.conf`; later ones win
 * @param options.certificate for TLS. Default: one of its own
 */
export const startRedisServer = async ({
  settings = [],
  tls = false,
  certificate: given,
}: {
  settings?: readonly string[]
  tls?: boolean
  certificate?: Certificate | undefined
} = {}): Promise<RedisServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-redis-'))
  const file = (name: string): string => join(folder, name)
  const port = await reservePort()
  const certificate = given ?? (tls ? await makeCertificate(folder) : undefined)
  const tlsSettings = certificate && [
    'port 0',
    `tls-port ${port}`,
    `tls-cert-file ${certificate.file}`,
    `tls-key-file ${certificate.keyFile}`,
    `tls-ca-cert-file ${certificate.file}`,
    'tls-auth-clients no',
  ]
  const lines = [
    'bind 127.0.0.1',
    `dir ${folder}`,
    'save ""',
    'appendonly yes',
    'appendfsync always',
    ...(tlsSettings ?? [`port ${port}`]),
    ...settings,
  ]
  writeFileSync(file('redis.conf'), `${lines.join('\n')}\n`, { mode: 0o600 })

  let running: RunningProcess | undefined
  const signal = (name: NodeJS.Signals): void => {
    if (running?.child.exitCode === null) running.child.kill(name)
  }
  const security = certificate ? ['--tls', '--cacert', certificate.file] : []
  const connection = ['-p', String(port), ...security]
  const cli = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('redis-cli', [...connection, ...args], { timeout: CLI_LIMIT_MS })
    return stdout.trimEnd()
  }
  const pipe = async (commands: readonly string[]): Promise<void> => {
    const running = run('redis-cli', [...connection, '--pipe'], { timeout: CLI_LIMIT_MS })
    running.child.stdin?.end(commands.map((command) => `${command}\r\n`).join(''))
    await running
  }
  const kill = async (): Promise<void> => {
    signal('SIGKILL')
    await running?.stop()
    running = undefined
  }
  const start = async (): Promise<void> => {
    const started = startProcess('redis-server', [file('redis.conf')])
    running = started
    if (started.child.pid !== undefined) guard(started.child.pid, folder)
    // A server that asks for a password is ready too; one that loads its data is not.
    const ready = async (): Promise<boolean> =>
      /PONG|NOAUTH/.test(await cli('ping').catch(() => ''))
    const alive = (): boolean => started.child.exitCode === null
    await waitUntil(ready, { seconds: READY_SECONDS, what: 'redis-server ready', alive })
  }
  const close = async (): Promise<void> => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  }

  try {
    await start()
  } catch (error) {
    await close()
    throw error
  }
  return {
    url: `${certificate ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    port,
    certificatePem: certificate?.pem ?? '',
    cli,
    pipe,
    kill,
    start,
    stop: () => signal('SIGSTOP'),
    continue: () => signal('SIGCONT'),
    close,
  }
}

/**
 * Starts a cluster of three primaries, each with a third of the slots.
 * @param options.replicas how many of the primaries have a replica. Default: none
 */
export const startRedisCluster = async ({
  tls = false,
  replicas: replicaCount = 0,
} = {}): Promise<RedisCluster> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-redis-cluster-'))
  // One for all: they check one another's.
  const certificate = tls ? await makeCertificate(folder) : undefined
  const count = PRIMARIES + replicaCount
  const busPorts: number[] = []
  while (busPorts.length < count) busPorts.push(await reservePort())
  const all = await Promise.all(
    busPorts.map((busPort) =>
      startRedisServer({
        certificate,
        settings: [
          'cluster-enabled yes',
          `cluster-port ${busPort}`,
          `tls-cluster ${tls ? 'yes' : 'no'}`,
        ],
      }),
    ),
  )
  const forAll = async (call: (server: RedisServer) => Promise<void>): Promise<void> => {
    await Promise.all(all.map(call))
  }
  const close = async (): Promise<void> => {
    await forAll((server) => server.close())
    rmSync(folder, { recursive: true, force: true })
  }
  const complete = async (): Promise<boolean> => {
    const states = await Promise.all(all.map(({ cli }) => cli('cluster', 'info')))
    const known = new RegExp(`cluster_state:ok[^]*cluster_known_nodes:${count}\\b`)
    return states.every((state) => known.test(state))
  }
  const untilComplete = (): Promise<void> =>
    waitUntil(complete, { seconds: READY_SECONDS, what: 'the cluster complete' })
  const [servers, replicas] = [all.slice(0, PRIMARIES), all.slice(PRIMARIES)]
  const [first] = servers as [RedisServer]
  try {
    for (const [index, { cli, port }] of servers.entries()) {
      const slotAt = (part: number): number => Math.floor((SLOTS * part) / servers.length)
      await cli('cluster', 'addslotsrange', `${slotAt(index)}`, `${slotAt(index + 1) - 1}`)
      await cli('cluster', 'set-config-epoch', `${index + 1}`)
      await first.cli('cluster', 'meet', '127.0.0.1', `${port}`, `${busPorts[index]}`)
    }
    for (const [index, { port }] of replicas.entries()) {
      const busPort = `${busPorts[PRIMARIES + index]}`
      await first.cli('cluster', 'meet', '127.0.0.1', `${port}`, busPort)
    }
    await untilComplete()
    for (const [index, { cli }] of replicas.entries()) {
      const id = await servers[index]?.cli('cluster', 'myid')
      await cli('cluster', 'replicate', `${id}`)
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    url: `${first.url}?cluster=true`,
    servers,
    replicas,
    kill: () => forAll((server) => server.kill()),
    async start() {
      await forAll((server) => server.start())
      await untilComplete()
    },
    close,
  }
}
