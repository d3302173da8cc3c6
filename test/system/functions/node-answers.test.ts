// What the server on Node reads and writes, byte for byte: its request and its answer are the adapter's own light
// objects, and a body that came with its headers is taken without waiting for an event.

import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { choppedRequest, connectTo, sendRaw } from '../../support/raw-http.ts'
import { type ServiceProcess, startService, usualVariables } from '../../support/start-service.ts'
import { sharedTestCloud } from '../../support/test-cloud.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const FORM = 'Content-Type: application/x-www-form-urlencoded'

let service: ServiceProcess
beforeAll(async () => {
  service = await startService('Node', { variables: await usualVariables(await sharedTestCloud()) })
})
afterAll(() => service.stop())

const request = (line: string, headers: readonly string[] = [], body = ''): string =>
  [`${line} HTTP/1.1`, ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n')

/** What a request is answered: its status line and its headers, names in lower case. */
const headOf = async (text: string) => {
  const socket = await connectTo(service.url)
  socket.write(Buffer.from(text, 'latin1'))
  const [data] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  const [head = ''] = data.toString('latin1').split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = lines.map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string])
  return {
    status: Number(first.split(' ')[1]),
    names: headers.map(([name]) => name.toLowerCase()).toSorted(),
    headers: new Headers(headers),
  }
}

describe('the server on Node', () => {
  it('writes each answer in one piece, with each header once', async () => {
    const socket = await connectTo(service.url)
    const pieces: Buffer[] = []
    socket.on('data', (piece: Buffer) => void pieces.push(piece))
    const requests = [
      request('GET /healthz', ['Host: x']),
      request('POST /v1/challenge', ['Host: x', FORM], 'role=worker'),
      request('POST /v1/enroll', ['Host: x', FORM], 'document=a&pkcs7=b'),
      request('DELETE /v1/enroll', ['Host: x']),
      request('GET /.well-known/jwks.json', ['Host: x']),
      request('GET /nothing', ['Host: x']),
      request('HEAD /healthz', ['Host: x']),
    ]
    for (const [index, text] of requests.entries()) {
      socket.write(text)
      await once(socket, 'data')
      // A second piece of the answer would come now.
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(pieces).toHaveLength(index + 1)
      const [head = '', body = ''] = String(pieces[index]).split('\r\n\r\n')
      const names = [...head.matchAll(/^([\w-]+): /gm)].map(([, name]) => name?.toLowerCase())
      expect(names).toHaveLength(new Set(names).size)
      expect(head).not.toMatch(/transfer-encoding/i)
      const length = Number(/^content-length: ([0-9]+)\r?$/im.exec(head)?.[1] ?? 0)
      expect(body).toHaveLength(length)
    }
    socket.destroy()
  })

  it.each(['in one packet', 'in a packet each'])('counts 256 pieces that come %s', async (how) => {
    const send = async (chunks: number): Promise<number> => {
      const text = choppedRequest(chunks)
      if (how === 'in one packet') return (await sendRaw(service.url, text)).status
      const socket = (await connectTo(service.url)).setNoDelay()
      const answer = once(socket, 'data') as Promise<[Buffer]>
      const [head = '', body = ''] = text.split(/(?<=\r\n\r\n)(.*)/s)
      socket.write(head)
      for (const part of body.match(/1\r\n \r\n|2\r\n.*$/gs) ?? []) {
        await new Promise((resolve) => setImmediate(resolve))
        socket.write(part)
      }
      const status = Number(String((await answer)[0]).split(' ')[1])
      socket.destroy()
      return status
    }
    // The last piece holds the JSON.
    expect(await send(255)).toBe(200)
    expect(await send(256)).toBe(413)
  })

  it.each([
    ['x', 200],
    ['UPPER.example:80', 200],
    ['[::1]:8080', 200],
    // The parser of URLs rejects it, and nothing here reads it.
    ['xn--a', 200],
    ['', 200],
    ['a b', 400],
    ['a/b', 400],
    ['user@x', 400],
    ['a?b', 400],
    ['a\\b', 400],
  ])('answers a request whose Host is %j with %i', async (host, status) => {
    expect((await headOf(request('GET /healthz', [`Host: ${host}`]))).status).toBe(status)
  })

  it.each([
    ['http://other.example/healthz', 200],
    ['/x/../healthz', 200],
    ['/healthz#', 200],
    ['/healthz#x', 404],
    ['/healthz/', 404],
    ['//healthz', 404],
    ['/heal%74hz', 404],
    ['/healthz\\', 400],
  ])('answers the target %s with %i', async (target, status) => {
    expect((await headOf(request(`GET ${target}`, ['Host: x']))).status).toBe(status)
  })

  it.each([
    ['one and another', ['X-Request-Id: a', 'X-Request-Id: b']],
    ['one of bytes that are no text', ['X-Request-Id: \xe9\xff']],
  ])('makes a request id in place of %s', async (_, headers) => {
    const { status, headers: answered } = await headOf(
      request('GET /healthz', ['Host: x', ...headers]),
    )
    expect([status, answered.get('X-Request-Id')]).toEqual([200, expect.stringMatching(UUID)])
  })

  it('has the same headers in every answer of a kind', async () => {
    const common = ['connection', 'content-length', 'content-type', 'date', 'keep-alive']
    const own = ['cache-control', 'x-content-type-options', 'x-request-id']
    const expected = [...common, ...own].toSorted()
    for (const line of ['GET /healthz', 'POST /v1/challenge', 'GET /nothing', 'GET /readyz']) {
      expect((await headOf(request(line, ['Host: x']))).names).toEqual(expected)
    }
  })

  it.each([
    ['Content-Type', [FORM, 'Content-Type: application/json'], 415],
    ['Content-Encoding', [FORM, 'Content-Encoding: gzip', 'Content-Encoding: br'], 415],
    ['Content-Length', ['Content-Length: 0'], 400],
  ])('refuses a request that has %s twice', async (_, headers, status) => {
    expect((await headOf(request('POST /v1/challenge', ['Host: x', ...headers]))).status).toBe(
      status,
    )
  })
})
