// What an enrollment costs the Node server and its store: the one file that is deployed, on the Node that
// runs this, with real evidence, many instances at a time. Processor time of the server and, with Redis,
// of Redis, which acknowledges only what is on disk. `node-cpu.ts [redis|sqlite] [--enrollments N]`.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { admitting } from '../support/test-enroller.ts'
import { getChallenge, postEvidence } from '../support/instance.ts'
import { reservePort } from '../support/ports.ts'
import { startProcess, waitUntil } from '../support/processes.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { ROOT } from '../support/sources.ts'
import { createTestCloud, documentText, withAudience } from '../support/test-cloud.ts'
import { memoryMib, processorMs } from './processor.ts'

const AT_ONCE = 32
const WARM_UP = 300
const READY_SECONDS = 30
const run = promisify(execFile)

const { values, positionals } = parseArgs({
  options: { enrollments: { type: 'string', default: '2000' } },
  allowPositionals: true,
})
const enrollments = Number(values.enrollments)
const folder = mkdtempSync(join(tmpdir(), 'rollcall-node-cpu-'))
const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]

try {
  await run(process.execPath, ['--import', 'tsx', join(ROOT, 'functions/build.ts'), folder])
  const redis = positionals[0] === 'sqlite' ? undefined : await startRedisServer()
  if (redis !== undefined) closers.push(redis.close)
  const redisNumber = async (section: string, pattern: RegExp): Promise<number> => {
    const info = (await redis?.cli('info', section)) ?? ''
    return [...info.matchAll(pattern)].reduce((sum, [, number]) => sum + Number(number), 0)
  }
  const cloud = await createTestCloud()
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  const began = performance.now()
  const { child, output, stop } = startProcess(process.execPath, [join(folder, 'node.mjs')], {
    PORT: String(port),
    ROLLCALL_ISSUER: url,
    ROLLCALL_LEDGER: redis?.url ?? `sqlite:${join(folder, 'ledger.db')}`,
    ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
    ROLLCALL_POLICY: JSON.stringify(admitting()),
    ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
  })
  closers.push(stop)
  const pid = child.pid as number
  await waitUntil(() => output.stderr.includes('listening'), {
    seconds: READY_SECONDS,
    what: 'the server',
    alive: () => child.exitCode === null,
  })
  const startMs = performance.now() - began

  let instances = 0
  const enrollOne = async (): Promise<void> => {
    const document = documentText({ 'instance-id': `i-${instances++}` })
    const audience = await getChallenge(url, 'worker')
    const pkcs7 = Buffer.from(cloud.sign(withAudience(document, audience))).toString('base64')
    const { status } = await postEvidence(url, { document, pkcs7, role: 'worker' })
    if (status !== 200) throw new Error(`answered ${status}\n${output.stdout}`)
  }
  const enroll = async (count: number): Promise<void> => {
    let left = count
    const worker = async (): Promise<void> => {
      while (left-- > 0) await enrollOne()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  }

  await enroll(WARM_UP)
  const read = async () => ({
    clock: performance.now(),
    server: processorMs(pid),
    redis: (await redisNumber('cpu', /used_cpu_(?:sys|user):([0-9.]+)/g)) * 1000,
    commands: await redisNumber('commandstats', /cmdstat_\w+:calls=(\d+)/g),
    bytes: await redisNumber('memory', /^used_memory:(\d+)/gm),
  })
  const before = await read()
  await enroll(enrollments)
  const after = await read()
  const each = (name: keyof typeof before): number => (after[name] - before[name]) / enrollments
  const show = (name: string, value: number, unit: string): void =>
    console.log(`${name.padEnd(36)} ${value.toFixed(2).padStart(9)} ${unit}`)
  const store = redis === undefined ? 'SQLite' : 'Redis'
  console.log(`Node ${process.version}, ${store}, ${enrollments} enrollments, ${AT_ONCE} at a time`)
  show('from start until it listens', startMs, 'ms')
  show('server, processor, of an enrollment', each('server'), 'ms')
  if (redis !== undefined) {
    show('Redis, processor, of an enrollment', each('redis'), 'ms')
    show('Redis, commands of an enrollment', each('commands'), '')
    show('Redis, memory of an instance', each('bytes'), 'bytes')
  }
  show('enrollments a second, all on one machine', 1000 / each('clock'), '')
  show('server, memory', memoryMib(pid), 'MiB')
} finally {
  for (const close of closers.toReversed()) await close()
}
