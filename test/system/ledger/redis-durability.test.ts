// The Redis driver and servers that forget at a restart: without an append-only file, or not saying.

import { type AddressInfo, connect, createServer } from 'node:net'
import { type TestContext, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors.ts'
import { openLedger } from '../../../src/ledger/open.ts'
import { createRedisLedger } from '../../../src/ledger/redis/redis.ts'
import { waitUntil } from '../../support/processes.ts'
import { requireRedis, startRedisCluster } from '../../support/redis-server.ts'
import { NOW } from '../../cases/ledger/keys.ts'
import {
  KEY,
  SECRET,
  callsOf,
  ledgerFor,
  refusalOf,
  serverFor,
  untilReads,
} from './redis-servers.ts'

const FORGETS = { settings: ['appendonly no'] }
const ISSUER = 'https://rollcall.test'

/** A proxy before a server, in whose answers one field of INFO has another name of the same length. */
const hideField = async (context: TestContext, port: number, field: string): Promise<number> => {
  const other = 'x'.repeat(field.length)
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    client.pipe(server)
    server.on('data', (data) => {
      client.write(Buffer.from(data.toString('latin1').replaceAll(field, other), 'latin1'))
    })
    server.on('close', () => client.destroy()).on('error', () => client.destroy())
    client.on('close', () => server.destroy()).on('error', () => server.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  context.onTestFinished(() => void proxy.close())
  return (proxy.address() as AddressInfo).port
}

/** A ledger that may forget, and the lines that it tells. */
const unsafe = (
  context: TestContext,
  url: string,
): { ledger: ReturnType<typeof ledgerFor>; lines: string[] } => {
  const lines: string[] = []
  const ledger = ledgerFor(context, {
    url: `${url}${url.includes('?') ? '&' : '?'}allow-unsafe=true`,
    report: (line) => void lines.push(line),
  })
  return { ledger, lines }
}

describe.concurrent('createRedisLedger(), a server without an append-only file', () => {
  it('is refused by every method until appendonly is yes', async (context) => {
    const server = await serverFor(context, FORGETS)
    const ledger = ledgerFor(context, { url: server.url })
    const message = await refusalOf(ledger)
    expect(message).toMatch(/has no append-only file.*set appendonly yes and appendfsync always/)
    expect(message).toContain('allow-unsafe=true')
    expect(await server.cli('dbsize')).toBe('0')
    await server.cli('config', 'set', 'appendonly', 'yes')
    await untilReads(ledger)
  })

  it('is refused on the same connection, soon after the file was turned off', async (context) => {
    const server = await serverFor(context)
    const ledger = ledgerFor(context, { url: server.url })
    await ledger.read(KEY, NOW)
    await server.cli('config', 'set', 'appendonly', 'no')
    const refused = () =>
      ledger.read(KEY, NOW).then(
        () => false,
        () => true,
      )
    await waitUntil(refused, { seconds: 12, what: 'refused' })
    expect(await refusalOf(ledger)).toContain('has no append-only file')
  })

  it('is a configuration error when a service starts', async (context) => {
    const server = await serverFor(context, FORGETS)
    const config = { kind: 'redis', url: server.url } as const
    const opening = openLedger(config, { issuer: ISSUER, report: () => {} })
    await expect(opening).rejects.toThrow(ConfigurationError)
    await expect(opening).rejects.toThrow(/ROLLCALL_LEDGER: .*no append-only file/)
  })

  it('is used with allow-unsafe=true, and warned about at each connection', async (context) => {
    const server = await serverFor(context, FORGETS)
    const { ledger, lines } = unsafe(context, server.url)
    for (const call of callsOf(ledger)) await call()
    expect(lines).toEqual([expect.stringMatching(/^warning: .*no append-only file.*allow-unsafe/)])
    await server.cli('client', 'kill', 'type', 'normal')
    await untilReads(ledger)
    expect(lines).toEqual([lines[0], lines[0]])
  })

  it('is warned about when the file is turned off while the connection stays', async (context) => {
    const server = await serverFor(context)
    const { ledger, lines } = unsafe(context, server.url)
    await ledger.read(KEY, NOW)
    expect(lines).toEqual([])
    await server.cli('config', 'set', 'appendonly', 'no')
    const warned = async () => (await ledger.read(KEY, NOW), lines.length > 0)
    await waitUntil(warned, { seconds: 12, what: 'warned' })
    expect(lines).toEqual([expect.stringContaining('no append-only file')])
  })

  it('is found at every primary of a cluster', async (context) => {
    requireRedis(context)
    const { url, servers, close } = await startRedisCluster()
    context.onTestFinished(close)
    await servers[1]?.cli('config', 'set', 'appendonly', 'no')
    const ledger = ledgerFor(context, { url })
    for (let i = 0; i < 10; i++) {
      await expect(ledger.read(`test:${i}`, NOW)).rejects.toThrow('no append-only file')
    }
    const { ledger: used, lines } = unsafe(context, url)
    await used.read(KEY, NOW)
    expect(lines).toEqual([expect.stringContaining(`:${servers[1]?.port} has no append-only file`)])
  })
})

describe.concurrent('createRedisLedger(), a server that does not show aof_enabled', () => {
  it('is used, and warned about', async (context) => {
    const server = await serverFor(context)
    const lines: string[] = []
    const ledger = createRedisLedger({
      url: `redis://127.0.0.1:${await hideField(context, server.port, 'aof_enabled')}`,
      report: (line) => void lines.push(line),
    })
    context.onTestFinished(() => ledger.close())
    await ledger.read(KEY, NOW)
    expect(lines).toEqual([expect.stringMatching(/^warning: .*does not show aof_enabled/)])
    expect(lines.join()).not.toContain(SECRET)
  })
})
