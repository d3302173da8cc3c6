// The Redis driver while its server is unreachable, and how it ends.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { describe, expect, it, onTestFinished } from 'vitest'
import { reservePort } from '../../support/ports.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { ROOT } from '../../support/sources.ts'
import { NOW } from '../../cases/ledger/keys.ts'
import { KEY, VALUE, callsOf, ledgerFor, serverFor, untilReads } from './redis-servers.ts'

const runProcess = promisify(execFile)

describe('createRedisLedger(), an unreachable server', () => {
  it('every method fails within three seconds while the server hangs, 50 calls at once too', async (context) => {
    const server = await serverFor(context)
    const [used, fresh] = [
      ledgerFor(context, { url: server.url }),
      ledgerFor(context, { url: server.url }),
    ]
    await used.read(KEY, NOW)
    server.stop()
    for (const ledger of [used, fresh]) {
      const began = Date.now()
      const calls = Array.from({ length: 50 }, (_, i) => callsOf(ledger)[i % 3]?.())
      const outcomes = await Promise.allSettled(calls)
      expect(Date.now() - began).toBeLessThan(3000)
      expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
      // Right after that nobody waits.
      const again = Date.now()
      await expect(ledger.read(KEY, NOW)).rejects.toThrow('did not answer in time')
      expect(Date.now() - again).toBeLessThan(100)
    }
    server.continue()
    await untilReads(used)
    await untilReads(fresh)
  })

  it('every method fails at once while nothing listens, and works once something does', async (context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    await ledger.compareAndSet({ key: KEY, value: VALUE }, undefined, NOW)
    await server.kill()
    const began = Date.now()
    for (let i = 0; i < 100; i++)
      await expect(ledger.read(KEY, NOW)).rejects.toThrow('ECONNREFUSED')
    expect(Date.now() - began).toBeLessThan(1000)
    await server.start()
    await untilReads(ledger)
    expect(await ledger.read(KEY, NOW)).toBe(VALUE)
  })

  it('read() works at once after the server has closed an idle connection', async (context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    for (let i = 0; i < 5; i++) {
      await ledger.read(KEY, NOW)
      await server.cli('client', 'kill', 'type', 'normal')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })

  it('close() ends everything: the process ends by itself and says nothing', async (context) => {
    const server = await serverFor(context)
    const urls = [server.url, `redis://127.0.0.1:${await reservePort()}`]
    const program = `
      const { createRedisLedger } = await import(${JSON.stringify(join(ROOT, 'src/ledger/redis/redis.ts'))})
      for (const url of ${JSON.stringify(urls)}) {
        const ledger = createRedisLedger({ url })
        console.log(await ledger.read('a:b', 1).catch((error) => error.name))
        await ledger.close()
        console.log(await ledger.read('a:b', 1).catch((error) => error.message))
      }`
    const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', program]
    const { stdout, stderr } = await runProcess(process.execPath, args, {
      env: cleanEnvironment(),
      timeout: 20_000,
    })
    const closed = 'the ledger was closed'
    expect(stdout.trim().split('\n')).toEqual([
      'undefined',
      closed,
      'LedgerUnavailableError',
      closed,
    ])
    expect(stderr).toBe('')
  })

  it('every method says what to install where ioredis is missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-no-ioredis-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const outfile = join(folder, 'redis.mjs')
    const entryPoints = [join(ROOT, 'src/ledger/redis/redis.ts')]
    await build({ entryPoints, outfile, bundle: true, format: 'esm', packages: 'external' })
    const program = `
      const { createRedisLedger } = await import(${JSON.stringify(outfile)})
      const ledger = createRedisLedger({ url: 'redis://127.0.0.1' })
      console.log(await ledger.read('a:b', 1).catch(String))`
    const args = ['--input-type=module', '--eval', program]
    const options = { env: cleanEnvironment(), cwd: folder, timeout: 20_000 }
    const { stdout } = await runProcess(process.execPath, args, options)
    expect(stdout.trim()).toBe('LedgerUnfitError: ioredis is not installed: npm install ioredis')
  })
})
