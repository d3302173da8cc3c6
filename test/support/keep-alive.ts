// A client of one service over connections that are kept, for tests that send thousands of requests.

import { randomUUID } from 'node:crypto'
import { Agent, type IncomingMessage, request } from 'node:http'

const LIMIT_MS = 30_000
/** Below what Node's server keeps: a connection must not be taken in the moment in which it is ended there. */
const IDLE_MS = 2_000

/** A request. */
export interface KeptRequest {
  /** Sent as a form. */
  readonly fields?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** Called once all of it was handed to the system, over a connection that stood. */
  readonly onWritten?: () => void
}

/** A whole answer. */
export interface KeptAnswer {
  /** Of the request, as the answer and its audit event have it. */
  readonly requestId: string
  readonly status: number
  /** Empty if the answer has no body. */
  readonly body: Readonly<Record<string, unknown>>
}

/** A client. */
export interface KeptClient {
  readonly url: string
  /** @throws Error if no whole answer came */
  send(method: string, path: string, request?: KeptRequest): Promise<KeptAnswer>
  /** Ends its connections. */
  close(): void
}

/** The message of an error: the answer comes from a proxy before the service, which did not answer. */
export const FOREIGN_ANSWER = 'the answer is not one of the service'

const read = async (response: IncomingMessage, requestId: string): Promise<KeptAnswer> => {
  let text = ''
  response.setEncoding('utf8')
  for await (const part of response) text += part
  if (!response.complete) throw new Error('the answer broke off')
  if (response.headers['x-request-id'] === undefined) throw new Error(FOREIGN_ANSWER)
  if (response.headers['x-request-id'] !== requestId) {
    throw new Error('the answer is one to another request')
  }
  const status = response.statusCode ?? 0
  const body = text === '' ? {} : (JSON.parse(text) as KeptAnswer['body'])
  return { requestId, status, body }
}

/** Creates a client. @param url of the service, without a path */
export const createKeptClient = (url: string): KeptClient => {
  const { hostname, port } = new URL(url)
  const agent = new Agent({ keepAlive: true, noDelay: true, timeout: IDLE_MS })
  return {
    url,
    send: (method, path, { fields, headers, onWritten } = {}) =>
      new Promise((resolve, reject) => {
        const requestId = randomUUID()
        const text = fields && new URLSearchParams(fields).toString()
        const sent = request({
          agent,
          hostname,
          port,
          method,
          path,
          headers: {
            ...headers,
            'X-Request-Id': requestId,
            ...(text !== undefined && {
              'Content-Type': 'application/x-www-form-urlencoded',
              'Content-Length': text.length,
            }),
          },
          timeout: LIMIT_MS,
        })
        if (onWritten !== undefined) sent.on('finish', onWritten)
        sent.on('timeout', () => sent.destroy(new Error(`no answer in ${LIMIT_MS} ms`)))
        sent.on('error', reject)
        sent.on('response', (response) => {
          read(response, requestId).then(resolve, reject)
        })
        sent.end(text)
      }),
    close: () => agent.destroy(),
  }
}
