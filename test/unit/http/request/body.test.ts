// The reader of bodies: bytes, pieces and time, from a web stream and from Node's own stream.

import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { accept, refuse } from '../../../../src/base/result.ts'
import {
  type Incoming,
  MAX_BODY_BYTES,
  MAX_BODY_PIECES,
  type RequestSource,
  readBody,
} from '../../../../src/http/request/body.ts'
import { readProjectFile, typeScriptFiles } from '../../../support/sources.ts'

const LONG_SECONDS = 60

/** A source of pieces: what is read, and whether the reader has stopped listening. */
interface Source {
  readonly request: Request
  readonly source: RequestSource
  /** Whether the stream was cancelled, or Node's stream is flowing to nobody. */
  released(): boolean
}

const pieces = (count: number, size: number): Uint8Array[] =>
  Array.from({ length: count }, () => new Uint8Array(size).fill(97))

/** @param ends whether the body ends after its pieces, or waits for ever */
const webStream = (parts: readonly Uint8Array[], ends: boolean): Source => {
  let cancelled = false
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(part)
      if (ends) controller.close()
    },
    cancel() {
      cancelled = true
    },
  })
  const request = new Request('http://x/', { method: 'POST', body, duplex: 'half' } as RequestInit)
  return { request, source: {}, released: () => cancelled }
}

/** Node's own stream, as much of it as is used. */
const createIncoming = () =>
  Object.assign(new PassThrough({ highWaterMark: 1 << 20 }), { complete: false })

const sourceOf = (
  stream: ReturnType<typeof createIncoming>,
  headers: Readonly<Record<string, string>> = {},
): Source => ({
  request: new Request('http://x/', { method: 'POST', headers }),
  source: { incoming: stream },
  released: () => stream.listenerCount('data') === 0 && stream.readableFlowing === true,
})

/** Pieces that come after the call, as those of later packets do. */
const incoming = (parts: readonly Uint8Array[], ends: boolean): Source => {
  const stream = createIncoming()
  setImmediate(() => {
    for (const part of parts) {
      // Node's parser gives empty chunks to nobody, but a stream of another kind may.
      if (part.length === 0) (stream as EventEmitter).emit('data', part)
      else stream.write(part)
    }
    if (ends) stream.end()
  })
  return sourceOf(stream)
}

/** A chunked body that has ended before the first microtask after the call. */
const ended = (parts: readonly Uint8Array[]): Source => {
  const stream = createIncoming()
  for (const part of parts) stream.write(part)
  stream.end()
  stream.complete = true
  return sourceOf(stream)
}

/** A body in the packet of its headers, which announce its length. Node has not yet told that the request ended. */
const announced = (parts: readonly Uint8Array[], missing = 0): Source => {
  const stream = createIncoming()
  for (const part of parts) stream.write(part)
  const length = parts.reduce((sum, part) => sum + part.length, missing)
  return sourceOf(stream, { 'Content-Length': String(length) })
}

describe.each([
  ['a web stream', webStream],
  ['incoming', incoming],
] as const)('readBody() from %s', (_name, make) => {
  it('joins the pieces', async () => {
    const { request, source } = make([...pieces(3, 2), ...pieces(1, 1)], true)
    expect(await readBody(request, source)).toEqual(accept(new Uint8Array(7).fill(97)))
  })

  it('reads a body of no pieces', async () => {
    const { request, source } = make([], true)
    expect(await readBody(request, source)).toHaveProperty('value.length', 0)
  })

  it(`takes ${MAX_BODY_PIECES} pieces`, async () => {
    const { request, source } = make(pieces(MAX_BODY_PIECES, 1), true)
    expect(await readBody(request, source)).toHaveProperty('value.length', MAX_BODY_PIECES)
  })

  it.each([1, 0])(
    'refuses one piece more, of %i bytes, without waiting for the end',
    async (size) => {
      const { request, source, released } = make(pieces(MAX_BODY_PIECES + 1, size), false)
      const refused = { code: 'payload_too_large', reason: 'body_too_large' }
      expect(await readBody(request, source, LONG_SECONDS)).toEqual(refuse(refused))
      expect(released()).toBe(true)
    },
  )

  it('takes a body of the cap and refuses one byte more', async () => {
    const cap = make(pieces(1, MAX_BODY_BYTES), true)
    expect(await readBody(cap.request, cap.source)).toHaveProperty('value.length', MAX_BODY_BYTES)
    const { request, source, released } = make(pieces(2, MAX_BODY_BYTES / 2 + 1), false)
    const reading = readBody(request, source, LONG_SECONDS)
    expect(await reading).toMatchObject({ refusal: { code: 'payload_too_large' } })
    expect(released()).toBe(true)
  })

  it('stops when time is up, with the pieces that came', async () => {
    const { request, source, released } = make(pieces(3, 1), false)
    const reading = readBody(request, source, 0.05)
    expect(await reading).toEqual(refuse({ code: 'request_timeout', reason: 'body_timeout' }))
    expect(released()).toBe(true)
  })

  it('keeps no piece: its buffer is its own', async () => {
    const [large] = pieces(1, 1000)
    const part = (large as Uint8Array).subarray(0, 1)
    const { request, source } = make([part], true)
    const read = await readBody(request, source)
    expect(read.ok && read.value.buffer).toBeInstanceOf(ArrayBuffer)
    expect(read.ok && read.value.buffer).not.toBe(part.buffer)
  })
})

describe('readBody() from incoming', () => {
  it('says that the client broke off', async () => {
    const { request, source } = incoming(pieces(1, 1), false)
    const reading = readBody(request, source)
    setImmediate(() => (source.incoming as unknown as PassThrough).destroy())
    expect(await reading).toMatchObject({
      refusal: { code: 'invalid_request', reason: 'body_malformed' },
    })
  })

  it('never asks the request for its own stream', async () => {
    const { request, source } = incoming(pieces(1, 1), true)
    const guarded = new Proxy(request, {
      get(target, property) {
        if (property === 'body') throw new Error('asked for its body')
        return Reflect.get(target, property, target) as unknown
      },
    })
    expect(await readBody(guarded, source)).toHaveProperty('value.length', 1)
  })
})

describe.each([
  ['that has ended', ended],
  ['that has arrived as announced', announced],
] as const)('readBody() from incoming %s', (_name, make) => {
  it.each([0, 1, 3, MAX_BODY_PIECES])('joins %i pieces', async (count) => {
    const { request, source } = make(pieces(count, 2))
    expect(await readBody(request, source)).toEqual(accept(new Uint8Array(2 * count).fill(97)))
  })

  it('refuses one piece more, and lets the rest flow to nobody', async () => {
    const { request, source, released } = make(pieces(MAX_BODY_PIECES + 100, 1))
    const refused = { code: 'payload_too_large', reason: 'body_too_large' }
    expect(await readBody(request, source)).toEqual(refuse(refused))
    expect(released()).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
    expect(source.incoming?.readableLength).toBe(0)
  })

  it('takes a body of the cap and refuses one byte more', async () => {
    const cap = make(pieces(2, MAX_BODY_BYTES / 2))
    expect(await readBody(cap.request, cap.source)).toHaveProperty('value.length', MAX_BODY_BYTES)
    const more = make([...pieces(2, MAX_BODY_BYTES / 2), ...pieces(1, 1)])
    expect(await readBody(more.request, more.source)).toMatchObject({
      refusal: { code: 'payload_too_large' },
    })
  })

  it('keeps no piece: its buffer is its own, as long as the body', async () => {
    const [large] = pieces(1, 1000)
    const { request, source } = make([(large as Uint8Array).subarray(0, 9)])
    const read = await readBody(request, source)
    expect(read.ok && read.value.buffer.byteLength).toBe(9)
  })

  it('refuses a body whose connection is closed', async () => {
    const { request, source } = make(pieces(1, 1))
    ;(source.incoming as unknown as PassThrough).destroy()
    expect(await readBody(request, source)).toMatchObject({ refusal: { reason: 'body_malformed' } })
  })

  it('listens to no event and starts no timer', async () => {
    const { request, source } = make(pieces(2, 1))
    const stream = source.incoming as Incoming
    const { complete, readableEnded, readableLength, destroyed } = stream
    const quiet: Incoming = {
      complete,
      readableEnded,
      readableLength,
      destroyed,
      on: () => expect.unreachable('listens'),
      off: () => expect.unreachable('listens'),
      resume: () => stream.resume(),
      read: () => stream.read(),
    }
    // A timeout that would fire at once.
    expect(await readBody(request, { incoming: quiet }, 0)).toHaveProperty('value.length', 2)
  })
})

describe('readBody() from incoming with a part of its body', () => {
  it.each([
    ['announced', () => announced(pieces(2, 10), 1)],
    // The part that has come is as long as no length that was announced.
    ['chunked', () => sourceOf(createIncoming())],
  ])('waits for the rest, %s, until time is up', async (_, make) => {
    const { request, source, released } = make()
    const reading = readBody(request, source, 0.05)
    expect(await reading).toEqual(refuse({ code: 'request_timeout', reason: 'body_timeout' }))
    expect(released()).toBe(true)
  })

  it('joins it with the rest', async () => {
    const { request, source } = announced(pieces(2, 10), 5)
    const stream = source.incoming as unknown as PassThrough
    setImmediate(() => stream.end(new Uint8Array(5).fill(97)))
    expect(await readBody(request, source)).toEqual(accept(new Uint8Array(25).fill(97)))
  })
})

describe('the sources', () => {
  const files = [...typeScriptFiles('src'), ...typeScriptFiles('functions')].filter(
    (path) => !/^src\/(?:cli|metadata)\//.test(path),
  )
  const WHOLE_BODY =
    /\b(?:request|req|raw|c\.req|context\.req)\.(?:text|json|arrayBuffer|formData|blob|bytes|parseBody|clone)\(/

  it.each(files)('read no body of a request but by readBody(): %s', (path) => {
    expect(WHOLE_BODY.exec(readProjectFile(path))?.[0]).toBeUndefined()
  })

  it('would be found', () => {
    expect(WHOLE_BODY.test('await context.req.json()')).toBe(true)
    expect(WHOLE_BODY.test('await request.text()')).toBe(true)
  })
})
