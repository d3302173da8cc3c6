// The part of an API server that an approver uses, on a loopback port as `kubectl proxy` is: lists in pages, watches,
// approvals that conflict with other changes. A test changes it, and answers in its place.

import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { rfc3339 } from '../../src/ledger/epoch.ts'
import type { CsrJson } from './certificate-requests.ts'

const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const NODES = '/api/v1/nodes'

/** What a test answers in place of the server: a status, or nothing. */
export type ClusterTrouble = (method: string, path: string) => number | undefined

/** A cluster with requests and Nodes. */
export interface CsrCluster {
  readonly url: string
  /** Method and path of each call, without the query. */
  readonly calls: readonly string[]
  /** The query of each watch. */
  readonly watches: readonly URLSearchParams[]
  /** Called for each call. */
  trouble: ClusterTrouble
  /** Adds a request, or replaces the one of its name, as another client does. */
  put(csr: CsrJson): void
  remove(name: string): void
  putNode(name: string, ...addresses: readonly string[]): void
  /** A request as it is now. */
  get(name: string): CsrJson | undefined
  /** Types of the conditions of a request. */
  conditionsOf(name: string): readonly { type: string; reason: string; message: string }[]
  /** Makes all versions so far too old, and tells all watches so. */
  compact(): void
  /** Ends all watches, as at their timeout. */
  endWatches(): void
  close(): Promise<void>
}

type Event = { readonly type: string; readonly object: unknown }

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return JSON.parse(Buffer.concat(parts).toString()) as unknown
}

const sendJson = (response: ServerResponse, status: number, body: object): void =>
  void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))

const failure = (code: number): object => ({ kind: 'Status', status: 'Failure', code })

/** Starts one. @param now the clock that says when a request was made; Unix seconds */
export const startCsrCluster = async (now: () => number): Promise<CsrCluster> => {
  const csrs = new Map<string, CsrJson>()
  const nodes = new Map<string, object>()
  const open = new Set<ServerResponse>()
  const calls: string[] = []
  const watches: URLSearchParams[] = []
  let version = 100
  let oldest = 0
  const history: { readonly version: number; readonly event: Event }[] = []

  const send = (response: ServerResponse, event: Event): void =>
    void response.write(`${JSON.stringify(event)}\n`)
  const happen = (event: Event): void => {
    history.push({ version, event })
    for (const response of open) send(response, event)
  }
  const store = (csr: CsrJson): CsrJson => {
    const type = csrs.has(csr.metadata.name) ? 'MODIFIED' : 'ADDED'
    const metadata = { ...csr.metadata, resourceVersion: String(++version) }
    const stored = { ...csr, metadata }
    csrs.set(metadata.name, stored)
    happen({ type, object: stored })
    return stored
  }

  const list = (response: ServerResponse, query: URLSearchParams, all: object[]): void => {
    const from = Number(query.get('continue') ?? 0)
    const to = from + Number(query.get('limit') ?? all.length)
    const more = to < all.length && { continue: String(to) }
    const metadata = { resourceVersion: String(version), ...more }
    sendJson(response, 200, { items: all.slice(from, to), metadata })
  }

  const watch = (response: ServerResponse, query: URLSearchParams): void => {
    watches.push(query)
    const since = Number(query.get('resourceVersion'))
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.flushHeaders()
    if (since < oldest) {
      send(response, { type: 'ERROR', object: failure(410) })
      response.end()
      return
    }
    for (const { version: at, event } of history) if (at > since) send(response, event)
    open.add(response)
    response.on('close', () => open.delete(response))
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://cluster')
    const method = request.method ?? ''
    const isWatch = query.get('watch') === 'true'
    calls.push(`${isWatch ? 'WATCH' : method} ${pathname}`)
    const status = cluster.trouble(isWatch ? 'WATCH' : method, pathname)
    if (status !== undefined) return sendJson(response, status, failure(status))
    if (pathname === NODES) return list(response, query, [...nodes.values()])
    if (pathname === CSRS) {
      if (isWatch) return watch(response, query)
      // As the real server: items have no type of their own.
      const items = [...csrs.values()].map(({ metadata, spec, status }) => ({
        metadata,
        spec,
        status,
      }))
      return list(response, query, items)
    }
    const [, name = '', approval] =
      /^\/([^/]+)(\/approval)?$/.exec(pathname.slice(CSRS.length)) ?? []
    const present = csrs.get(decodeURIComponent(name))
    if (present === undefined) return sendJson(response, 404, failure(404))
    if (method !== 'PUT') return sendJson(response, 200, present)
    const body = (await readBody(request)) as CsrJson
    if (body.kind !== present.kind || body.apiVersion !== present.apiVersion) {
      return sendJson(response, 400, failure(400))
    }
    if (approval === undefined) return sendJson(response, 405, failure(405))
    if (body.metadata.resourceVersion !== present.metadata.resourceVersion) {
      return sendJson(response, 409, failure(409))
    }
    // As the real server: only the conditions are taken over.
    const conditions = body.status?.conditions ?? []
    sendJson(response, 200, store({ ...present, status: { ...present.status, conditions } }))
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const cluster: CsrCluster = {
    url: `http://127.0.0.1:${port}`,
    calls,
    watches,
    trouble: () => undefined,
    put({ metadata, ...csr }) {
      // As the real server: the client does not say when a request was made.
      const { creationTimestamp = rfc3339(Math.floor(now())) } =
        csrs.get(metadata.name)?.metadata ?? {}
      store({ ...csr, metadata: { ...metadata, creationTimestamp } })
    },
    remove(name) {
      const object = csrs.get(name)
      csrs.delete(name)
      version++
      happen({ type: 'DELETED', object })
    },
    putNode(name, ...addresses) {
      const status = { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) }
      nodes.set(name, { metadata: { name }, status })
    },
    get: (name) => csrs.get(name),
    conditionsOf: (name) =>
      (csrs.get(name)?.status?.conditions ?? []) as ReturnType<CsrCluster['conditionsOf']>,
    compact() {
      oldest = ++version
      history.length = 0
      for (const response of open) {
        send(response, { type: 'ERROR', object: failure(410) })
        response.end()
      }
      open.clear()
    },
    endWatches() {
      for (const response of open) {
        const object = {
          kind: 'CertificateSigningRequest',
          metadata: { resourceVersion: String(++version) },
        }
        send(response, { type: 'BOOKMARK', object })
        response.end()
      }
      open.clear()
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return cluster
}
