// What only a connection shows of `/v1/authorize`: headers that come twice, and bodies that nobody reads.

import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Authorizing,
  PROXY_SECRET,
  QUERY,
  createAuthorizing,
} from '../../support/authorizing.ts'
import { type Listener, exchange, listen } from '../../support/listener.ts'
import { connectTo } from '../../support/raw-http.ts'

let gate: Authorizing
let listener: Listener
beforeAll(async () => {
  gate = await createAuthorizing()
  listener = await listen(gate.service)
})
afterAll(() => listener.close())

type Lines = readonly (readonly [name: string, value: string])[]

const head = (lines: Lines, method = 'GET'): string[] => [
  `${method} /v1/authorize?${QUERY} HTTP/1.1`,
  'Host: 127.0.0.1',
  ...lines.map(([name, value]) => `${name}: ${value}`),
]
const statusOf = async (lines: Lines): Promise<number> =>
  (await exchange(listener.port, head(lines))).status

/** Without a query: behind one, a comma that joins an empty second header would be a part of it. */
const bound = (): Lines => Object.entries(gate.boundHeaders({ 'X-Forwarded-Uri': '/a' }))

describe('/v1/authorize over a connection', () => {
  it('admits headers that come once', async () => {
    expect(await statusOf(bound())).toBe(200)
    expect(await statusOf([['Authorization', `Bearer ${gate.bearerToken}`]])).toBe(200)
  })

  it.each([
    ['Authorization', 401],
    ['DPoP', 401],
    ['X-Forwarded-Method', 401],
    ['X-Forwarded-Uri', 401],
    ['X-Rollcall-Proxy', 403],
  ])('refuses a second %s, equal or not, before or behind the good one', async (name, status) => {
    const good = bound().find(([known]) => known === name)
    if (good === undefined) throw new Error(`no ${name}`)
    for (const other of [good[1], 'x', '/a', '']) {
      const second = [name, other] as const
      expect([other, await statusOf([...bound(), second])]).toEqual([other, status])
      expect([other, await statusOf([second, ...bound()])]).toEqual([other, status])
    }
  })

  it('refuses a second Authorization beside an unbound token', async () => {
    const one = ['Authorization', `Bearer ${gate.bearerToken}`] as const
    for (const second of [one, ['authorization', 'Basic eDp5'] as const]) {
      expect(await statusOf([one, second])).toBe(401)
      expect(await statusOf([second, one])).toBe(401)
    }
  })

  it.each([
    ['with a length', 'Content-Length: 20000\r\n\r\n', 'x'.repeat(20_000)],
    [
      'in chunks',
      'Transfer-Encoding: chunked\r\n\r\n',
      `4e20\r\n${'x'.repeat(20_000)}\r\n0\r\n\r\n`,
    ],
    ['compressed', 'Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n', 'xyz'],
  ])('does not read a body %s, and the connection stays open', async (_, header, body) => {
    const socket = await connectTo(listener.url)
    let answers = ''
    socket.setEncoding('latin1').on('data', (text: string) => (answers += text))
    const start = head([['Authorization', `Bearer ${gate.bearerToken}`]], 'POST').join('\r\n')
    const count = (): number => answers.split('HTTP/1.1 200').length - 1
    for (const round of [1, 2, 3]) {
      socket.write(`${start}\r\n${header}${body}`)
      while (count() < round) await once(socket, 'data')
    }
    expect(answers.toLowerCase()).not.toContain('connection: close')
    expect(answers).not.toContain(PROXY_SECRET)
    socket.destroy()
  })
})
