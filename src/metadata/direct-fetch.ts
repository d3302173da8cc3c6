// `fetch`, but never through a proxy: from a proxy, the address of the metadata service leads to
// another machine, or to none. Node's own `fetch` follows HTTP_PROXY if NODE_USE_ENV_PROXY is set,
// Deno's always does, and neither has an option against it. The agents of `node:http` have one.

/** The part of `fetch` that is used. */
export type MetadataFetch = (url: string, init: MetadataFetchInit) => Promise<Response>

/** How to call it. */
export interface MetadataFetchInit {
  /** `PUT` asks for a token, `GET` reads an item. */
  readonly method: 'GET' | 'PUT'
  /** The headers to send. */
  readonly headers: Readonly<Record<string, string>>
  /** No redirect is followed. */
  readonly redirect: 'manual'
  /** Aborts the request. */
  readonly signal: AbortSignal
}

/** The part of `node:http` that is used. */
interface NodeHttp {
  readonly Agent: new (options: { readonly proxyEnv: Readonly<Record<string, string>> }) => object
  request(
    url: string,
    options: Omit<MetadataFetchInit, 'redirect'> & { readonly agent: object },
    onResponse: (response: NodeResponse) => void,
  ): { on(event: 'error', listener: (error: Error) => void): { end(): void } }
}

interface NodeResponse extends AsyncIterable<Uint8Array> {
  readonly statusCode?: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  destroy(): void
}

interface NodeLike {
  readonly process?: { getBuiltinModule?(name: string): unknown }
}

const bodyOf = (response: NodeResponse): ReadableStream<Uint8Array> => {
  const chunks = response[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: () => response.destroy(),
  })
}

/** The headers of an answer that the client reads. */
const KEPT_HEADERS = ['date', 'retry-after']

const keptOf = (headers: NodeResponse['headers']): [string, string][] =>
  KEPT_HEADERS.flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })

/** The answer as a `Response`. Rejects for a number that is not an HTTP status. */
const toResponse = async (response: NodeResponse): Promise<Response> => {
  const { statusCode: status = 0, headers } = response
  try {
    const body = [204, 205, 304].includes(status) ? null : bodyOf(response)
    return new Response(body, { status, headers: keptOf(headers) })
  } catch (error) {
    response.destroy()
    throw error
  }
}

const fetchByNode =
  (http: NodeHttp): MetadataFetch =>
  (url, { method, headers, signal }) =>
    new Promise((resolve, reject) => {
      // Without this option an agent of Deno uses the environment, an agent of Node does not.
      const options = { method, headers, signal, agent: new http.Agent({ proxyEnv: {} }) }
      const onResponse = (response: NodeResponse): void => resolve(toResponse(response))
      http.request(url, options, onResponse).on('error', reject).end()
    })

/**
 * `fetch` without any proxy, if the platform supports that; otherwise the platform's own. Node
 * before 20.16 is one of the others: its `fetch` never uses a proxy.
 */
export const directFetch: MetadataFetch = (url, init) => {
  const { process } = globalThis as NodeLike
  const http = process?.getBuiltinModule?.(`node:${new URL(url).protocol.slice(0, -1)}`)
  return http === undefined ? fetch(url, init) : fetchByNode(http as NodeHttp)(url, init)
}
