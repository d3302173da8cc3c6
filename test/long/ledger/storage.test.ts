// What an instance takes of the store: 100,000 of them, written through the drivers.

import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRedisLedger } from '../../../src/ledger/redis/redis.ts'
import { requireNode24 } from '../../support/node24.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { requireRedis, startRedisServer } from '../../support/redis-server.ts'
import { ROOT } from '../../support/sources.ts'
import { forEachNumber } from '../../cases/ledger/keys.ts'
import { instanceEntry } from '../../cases/ledger/instance-entries.ts'

const COUNT = 100_000
const MAX_BYTES = 400
const LIMIT_MS = 240_000
const NOW = Math.floor(Date.now() / 1000)

const report = (store: string, bytes: number): void =>
  console.log(`storage: ${bytes.toFixed(1)} bytes an instance in ${store}`)

describe(`storage of ${COUNT} instances`, () => {
  it('instanceEntry() gives each instance a key of its own and a record of full length', () => {
    const entries = Array.from({ length: 10_000 }, (_, i) => instanceEntry(i * 10))
    expect(new Set(entries.map(({ key }) => key)).size).toBe(entries.length)
    expect(entries[0]?.key).toMatch(/^instance:acs\/\d{16}\/cn-hangzhou\/i-[a-z0-9]{20}$/)
    for (const { value } of entries) expect(value.length).toBeGreaterThan(170)
  })

  it(`is at most ${MAX_BYTES} bytes each in Redis`, { timeout: LIMIT_MS }, async (context) => {
    requireRedis(context)
    // The file on disk is not what is measured here.
    const server = await startRedisServer({ settings: ['appendfsync no'] })
    onTestFinished(() => server.close())
    const ledger = createRedisLedger({ url: server.url })
    onTestFinished(() => ledger.close())
    const usedMemory = async (): Promise<number> => {
      const info = await server.cli('info', 'memory')
      return Number(/^used_memory:(\d+)/m.exec(info)?.[1])
    }
    // The connection and the script are there once for all instances.
    await ledger.compareAndSet({ key: 'other:first', value: '' }, undefined, NOW)
    const before = await usedMemory()
    await forEachNumber(COUNT, async (i) => {
      const swap = await ledger.compareAndSet(instanceEntry(i), undefined, NOW)
      expect(swap.stored).toBe(true)
    })
    expect(await server.cli('dbsize')).toBe(String(COUNT + 1))
    const bytes = ((await usedMemory()) - before) / COUNT
    report('Redis', bytes)
    expect(bytes).toBeGreaterThan(170)
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES)
  })

  it(
    `is at most ${MAX_BYTES} bytes each in a SQLite file`,
    { timeout: LIMIT_MS },
    async (context) => {
      const node = await requireNode24(context)
      // In memory where there is such a file system: each of these writes waits for the disk.
      const place = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
      const folder = mkdtempSync(join(place, 'rollcall-storage-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      const args = [
        join(ROOT, 'test/system/ledger/fill-sqlite.ts'),
        join(folder, 'ledger.db'),
        `${COUNT}`,
      ]
      const { stdout } = await promisify(execFile)(node, args, {
        env: cleanEnvironment(),
        timeout: LIMIT_MS,
      })
      const bytes = (JSON.parse(stdout) as { bytes: number }).bytes / COUNT
      report('a SQLite file', bytes)
      expect(bytes).toBeGreaterThan(170)
      expect(bytes).toBeLessThanOrEqual(MAX_BYTES)
    },
  )
})
