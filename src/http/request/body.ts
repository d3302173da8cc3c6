// The body of a request, with limits on its size, on its pieces and on the time that it takes. A length
// that a client announces proves nothing, so bytes and pieces are counted while reading. A request's own
// text(), json(), arrayBuffer() and formData() have no such limits: they are never called.

import type { Bytes } from '../../base/bytes.ts'
import { type Result, accept, refuse } from '../../base/result.ts'
import { type RequestRefusal, invalidRequest } from './request-refusal.ts'

/** Longest body in bytes; evidence needs some 1,500. */
export const MAX_BODY_BYTES = 16_384

/**
 * Most pieces that a body may arrive in, empty ones included. TCP cuts an honest body into a dozen; every
 * piece costs the runtime far more memory than the bytes in it.
 */
export const MAX_BODY_PIECES = 256

/** How long a body may take, in seconds. */
export const BODY_TIMEOUT_SECONDS = 10

/** What is used of Node's `IncomingMessage`, as a shape: nothing here knows the runtime. */
export interface Incoming {
  /** Whether the request has ended. */
  readonly complete: boolean
  /** How many bytes have arrived and were not read. */
  readonly readableLength: number
  /** Whether all of the body was read. */
  readonly readableEnded: boolean
  /** Whether the connection is closed. */
  readonly destroyed: boolean
  /** Calls a function for each piece of the body. */
  on(event: 'data', listener: (piece: Uint8Array) => void): unknown
  /** Calls a function when the body ends. */
  on(event: 'end' | 'error' | 'close', listener: () => void): unknown
  /** Undoes `on`. */
  off(event: 'data', listener: (piece: Uint8Array) => void): unknown
  /** Undoes `on`. */
  off(event: 'end' | 'error' | 'close', listener: () => void): unknown
  /** Lets the body arrive. */
  resume(): unknown
  /** Once `resume()` was called: the next piece that has arrived; `null` if there is none now. */
  read(): unknown
}

/** What a runtime knows of a request, beside the `Request`. */
export interface RequestSource {
  /**
   * Node's request: the adapter's second argument has it. The body is read from it, without a web stream between.
   * Default: the body of the `Request` is read.
   */
  readonly incoming?: Incoming | undefined
  /** The id that the platform gave the request. It is used if the client sent no `X-Request-Id`. */
  readonly platformRequestId?: string | undefined
}

type Body = Result<Bytes, RequestRefusal>

const tooLarge = (): Body => refuse({ code: 'payload_too_large', reason: 'body_too_large' })
const tooSlow = (): Body => refuse({ code: 'request_timeout', reason: 'body_timeout' })
const brokeOff = (): Body => invalidRequest('body_malformed', 'The body broke off')

/** Copies pieces into one buffer: a small piece may hold on to a large one of the runtime's. */
interface Collector {
  /** Adds a piece, if the body may still have it. */
  add(piece: Uint8Array): boolean
  bytes(): Bytes
}

const createCollector = (): Collector => {
  let buffer: Bytes = new Uint8Array()
  let length = 0
  let pieces = 0
  return {
    add(piece) {
      if (++pieces > MAX_BODY_PIECES || length + piece.length > MAX_BODY_BYTES) return false
      // Most bodies are one piece. A second one asks for all the room that there may be.
      if (length === 0) buffer = new Uint8Array(piece)
      else {
        if (buffer.length < MAX_BODY_BYTES) {
          const first = buffer
          buffer = new Uint8Array(MAX_BODY_BYTES)
          buffer.set(first)
        }
        buffer.set(piece, length)
      }
      length += piece.length
      return true
    },
    bytes: () => buffer.subarray(0, length),
  }
}

/** Room for one piece of a byte stream. */
const PIECE_BYTES = 4_096

/** The pieces of a web stream, one at a time. */
interface PieceReader {
  /** The next piece; good until the next call. `undefined`: there are no more. */
  next(): Promise<Uint8Array | undefined>
  cancel(): Promise<void>
}

/**
 * Reads a byte stream into one small buffer: without it, Deno allocates 64 KiB for each piece. A stream that
 * is no byte stream brings its pieces along.
 */
const pieceReader = (stream: ReadableStream<Uint8Array>): PieceReader => {
  let byob: ReadableStreamBYOBReader
  try {
    byob = stream.getReader({ mode: 'byob' })
  } catch {
    const reader = stream.getReader()
    return {
      next: async () => {
        const { done, value } = await reader.read()
        return done ? undefined : value
      },
      cancel: () => reader.cancel(),
    }
  }
  let room: Bytes = new Uint8Array(PIECE_BYTES)
  return {
    next: async () => {
      const { done, value } = await byob.read(room)
      if (done) return undefined
      // The platform has taken the buffer over, and gives it back with the piece in it.
      room = new Uint8Array(value.buffer)
      return value
    },
    cancel: () => byob.cancel(),
  }
}

/** Reads a web stream. When time is up the stream is cancelled, which ends the pending read. */
const readStream = async (stream: ReadableStream<Uint8Array>, timeoutMs: number): Promise<Body> => {
  const reader = pieceReader(stream)
  // Never awaited: a client that stalls must not hold the answer back as well.
  const cancel = (): void => void reader.cancel().catch(() => undefined)
  const collector = createCollector()
  let late = false
  const timer = setTimeout(() => {
    late = true
    cancel()
  }, timeoutMs)
  try {
    for (;;) {
      const piece = await reader.next()
      if (late) return tooSlow()
      if (piece === undefined) return accept(collector.bytes())
      if (!collector.add(piece)) {
        cancel()
        return tooLarge()
      }
    }
  } catch {
    cancel()
    return late ? tooSlow() : brokeOff()
  } finally {
    clearTimeout(timer)
  }
}

/** Takes what has arrived of a body that has arrived as a whole: no event, no timer. */
const takeArrived = (incoming: Incoming): Body => {
  const collector = createCollector()
  // In this mode a piece is read as it arrived. Before, all of them would be joined, and not counted.
  incoming.resume()
  for (;;) {
    // Never a string: nothing sets an encoding.
    const piece = incoming.read() as Uint8Array | null
    if (piece === null) return accept(collector.bytes())
    // The rest flows to nobody.
    if (!collector.add(piece)) return tooLarge()
  }
}

/** Waits for the rest of a body. What comes after a refusal is thrown away, not kept. */
const awaitIncoming = (incoming: Incoming, timeoutMs: number): Promise<Body> =>
  new Promise((resolve) => {
    const collector = createCollector()
    const stop = (): void => {
      clearTimeout(timer)
      incoming.off('data', onPiece)
      incoming.off('end', onEnd)
      incoming.off('error', onBroken)
      incoming.off('close', onBroken)
    }
    const giveUp = (refused: Body): void => {
      stop()
      // A broken connection still tells of its error, which nobody else listens for.
      incoming.on('error', () => undefined)
      incoming.resume()
      resolve(refused)
    }
    const onPiece = (piece: Uint8Array): void => {
      if (!collector.add(piece)) giveUp(tooLarge())
    }
    const onEnd = (): void => {
      stop()
      resolve(accept(collector.bytes()))
    }
    const onBroken = (): void => giveUp(brokeOff())
    const timer = setTimeout(() => giveUp(tooSlow()), timeoutMs)
    incoming.on('end', onEnd)
    incoming.on('error', onBroken)
    incoming.on('close', onBroken)
    incoming.on('data', onPiece)
  })

/**
 * Reads Node's own stream.
 * @param announced bytes; Node has checked that no more will come. Absent: a chunked body, or none
 */
const readIncoming = async (
  incoming: Incoming,
  announced: number | undefined,
  timeoutMs: number,
): Promise<Body> => {
  // Node hands a request on when it has read the headers, and goes on with the same packet: before the first
  // microtask it has read what the packet has of the body. That the request has ended, it tells after that.
  await undefined
  if (incoming.readableEnded || incoming.destroyed) return brokeOff()
  const arrived = incoming.complete || incoming.readableLength === announced
  return arrived ? takeArrived(incoming) : awaitIncoming(incoming, timeoutMs)
}

/**
 * Reads the whole body.
 * @param source where the runtime has the body, if not in the request
 * @param timeoutSeconds default {@link BODY_TIMEOUT_SECONDS}
 * @returns the bytes; refusals: `payload_too_large` (too many bytes or pieces), `request_timeout`,
 *   `unsupported_media_type` (any `Content-Encoding`), `invalid_request` (the client broke off)
 */
export const readBody = async (
  request: Request,
  { incoming }: RequestSource = {},
  timeoutSeconds: number = BODY_TIMEOUT_SECONDS,
): Promise<Body> => {
  if (request.headers.has('Content-Encoding')) {
    return refuse({ code: 'unsupported_media_type', reason: 'content_encoding' })
  }
  const length = request.headers.get('Content-Length')
  const announced = length === null ? undefined : Number(length)
  if (announced !== undefined && announced > MAX_BODY_BYTES) return tooLarge()
  const timeoutMs = timeoutSeconds * 1000
  // First: with Node's stream at hand the request's own must not be made.
  if (incoming !== undefined) return readIncoming(incoming, announced, timeoutMs)
  return request.body === null ? accept(new Uint8Array()) : readStream(request.body, timeoutMs)
}
