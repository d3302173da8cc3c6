// What an enrollment costs the Node server and a store that keeps its state: processor time of the server and,
// with Redis, of Redis, which acknowledges only what is on disk.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { ROOT } from '../support/sources.ts'
import { createTestCloud } from '../support/test-cloud.ts'
import { createLoad } from './enrollment-load.ts'
import { startNode, variablesOf } from './node-servers.ts'

const WARM_UP = 300

/** A store that keeps state beyond a process. */
export type Store = 'redis' | 'sqlite'

/** Measures enrollments with a store, and prints the figures. SQLite needs Node 24. */
export const measureStore = async (store: Store, enrollments: number): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-node-cpu-'))
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  try {
    await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      join(ROOT, 'functions/build.ts'),
      folder,
    ])
    const redis = store === 'redis' ? await startRedisServer() : undefined
    if (redis !== undefined) closers.push(redis.close)
    const redisNumber = async (section: string, pattern: RegExp): Promise<number> => {
      const info = (await redis?.cli('info', section)) ?? ''
      return [...info.matchAll(pattern)].reduce((sum, [, number]) => sum + Number(number), 0)
    }
    const cloud = await createTestCloud()
    const began = performance.now()
    const server = await startNode(join(folder, 'node.mjs'), {
      ...variablesOf(cloud, await generateSigningKeys('ES256')),
      ROLLCALL_LEDGER: redis?.url ?? `sqlite:${join(folder, 'ledger.db')}`,
    })
    closers.push(server.stop)
    const startMs = performance.now() - began
    const load = createLoad(server.url, cloud)
    closers.push(load.close)

    const read = async () => ({
      server: server.processorMs(),
      redis: (await redisNumber('cpu', /used_cpu_(?:sys|user):([0-9.]+)/g)) * 1000,
      commands: await redisNumber('commandstats', /cmdstat_\w+:calls=(\d+)/g),
      bytes: await redisNumber('memory', /^used_memory:(\d+)/gm),
    })
    await load.enroll(load.sign(await load.challenges(WARM_UP)))
    const before = await read()
    let clockMs = -performance.now()
    const audiences = await load.challenges(enrollments)
    clockMs += performance.now()
    const bodies = load.sign(audiences)
    clockMs -= performance.now()
    await load.enroll(bodies)
    clockMs += performance.now()
    const after = await read()

    const each = (name: keyof typeof before): number => (after[name] - before[name]) / enrollments
    const show = (name: string, value: number, unit: string): void =>
      console.log(`${name.padEnd(36)} ${value.toFixed(2).padStart(9)} ${unit}`)
    console.log(
      `Node ${process.version}, ${store}, ${enrollments} challenges with their enrollments`,
    )
    show('from start until it listens', startMs, 'ms')
    show('server, processor, of an enrollment', each('server'), 'ms')
    if (redis !== undefined) {
      show('Redis, processor, of an enrollment', each('redis'), 'ms')
      show('Redis, commands of an enrollment', each('commands'), '')
      show('Redis, memory of an instance', each('bytes'), 'bytes')
    }
    show('enrollments a second', (enrollments * 1000) / clockMs, '')
    show('server, memory', server.memoryMib(), 'MiB')
  } finally {
    for (const close of closers.toReversed()) await close()
  }
}
