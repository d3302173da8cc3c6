// A stand-in for kube-apiserver and kube-controller-manager, over TLS, for kubectl and for what rollcall does in a
// cluster. It says what it is: its version ends in `-stand-in`, and each answer has the header `Stand-In`.
//
// It keeps objects in memory, authenticates as an AuthenticationConfiguration says, authorizes as Node and RBAC do,
// approves and signs CertificateSigningRequests as kube-controller-manager does. Where it is less than the real one:
// - HTTP/1.1; no aggregated discovery; no schemas, so unknown fields are kept; OpenAPI as far as kubectl asks for it;
// - protobuf only for what kubectl sends in it; no tables, so kubectl prints names and ages;
// - no PATCH, no server-side apply, no pages of lists, no finalizers, no garbage collection;
// - selectors with `=` by metadata.name, metadata.namespace, spec.signerName and labels;
// - a watch sends bookmarks only after the initial events and at its timeout;
// - the node authorizer knows certificate requests and Nodes, NodeRestriction their names;
// - a path that it does not know is 404 in JSON, which the real one says in plain text;
// - admission policies are kept, and not evaluated;
// - a token that was accepted is judged each time; the real one keeps its user for ten seconds;
// - no impersonation, admission webhooks, audit log, service account or bootstrap tokens, token webhook;
// - the signers take the subject and the names of a request as they are, and copy no other extension.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { startListening } from '../listening.ts'
import { ApiError } from './api-error.ts'
import { answerObjects } from './answer-objects.ts'
import {
  type IssuerConfiguration,
  type TokenAuthenticator,
  authenticateRequest,
  authenticatorOf,
} from './authenticator.ts'
import { type KeyPair, createAuthority } from './authority.ts'
import { createAuthorizer } from './authorizer.ts'
import { runControllers } from './controllers.ts'
import { type ControlPlaneFlags, RBAC_OBJECTS, controlPlanePods } from './kubeadm-objects.ts'
import { type KubeconfigUser, kubeconfigOf } from './kubeconfig.ts'
import { openApiDocument } from './open-api.ts'
import { type KubeObject, discoveryDocument, resourceOfKind } from './resources.ts'
import { type Store, createStore } from './store.ts'
import { ANONYMOUS, type User } from './user.ts'

/** The version that it names. */
export const STAND_IN_VERSION = 'v1.35.0-stand-in'

const DAY_SECONDS = 86_400

/** How it is started. */
export interface ApiServerOptions {
  /** Whose tokens it takes. Default: nobody's, until {@link ApiServer.configure}. */
  readonly issuer?: IssuerConfiguration
  /** `--cluster-signing-duration`, in seconds. Default: a day. */
  readonly clusterSigningSeconds?: number
  /** Whether the built-in approver and the signers run. Default: true. */
  readonly controllers?: boolean
  /** Flags of the static pods, for what reads them; they do not change what the server does. */
  readonly flags?: ControlPlaneFlags
  /** `gitVersion` of `/version`. Default: {@link STAND_IN_VERSION}. */
  readonly version?: string
}

/** A request that it answered. */
export interface Answered {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly user: string | undefined
}

/** A running stand-in. */
export interface ApiServer {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string
  /** The certificate of the cluster's CA, PEM. */
  readonly ca: string
  readonly store: Store
  /** What it answered so far. */
  readonly answered: readonly Answered[]
  /** Why tokens were refused so far. */
  readonly refusals: readonly string[]
  /** Takes the tokens of an issuer, as after a change of the file. */
  configure(issuer: IssuerConfiguration): void
  /** Keeps an object, or replaces the one of its name. */
  put(object: KubeObject): KubeObject
  /** Removes an object. */
  remove(apiVersion: string, kind: string, name: string, namespace?: string): void
  /** Makes a token that stands for a user, such as a service account. */
  tokenFor(user: User): string
  /** Makes a client certificate, as for an administrator. */
  certificateFor(username: string, ...groups: string[]): Promise<KeyPair>
  /** A kubeconfig for this server, YAML that is JSON. Default user: an administrator of `system:masters`. */
  kubeconfig(user?: KubeconfigUser): Promise<string>
  close(): Promise<void>
}

const versionDocument = (gitVersion: string): object => ({
  major: '1',
  minor: /^v1\.(\d+)/.exec(gitVersion)?.[1] ?? '35',
  gitVersion,
  gitCommit: 'stand-in',
  gitTreeState: 'clean',
  buildDate: '2025-12-17T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'stand-in/node',
})

const HEALTHY: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz'])

const sendJson = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

/** Starts one. */
export const startApiServer = async (options: ApiServerOptions = {}): Promise<ApiServer> => {
  const { version = STAND_IN_VERSION, clusterSigningSeconds = DAY_SECONDS } = options
  const authority = await createAuthority()
  const store = createStore()
  const authorize = createAuthorizer(store)
  const tokens = new Map<string, User>()
  const answered: Answered[] = []
  const refusals: string[] = []
  let issuer: TokenAuthenticator | undefined

  const put = (object: KubeObject): KubeObject => {
    const resource = resourceOfKind(object.apiVersion, object.kind)
    const { name, namespace = '' } = object.metadata
    const isThere = store.list(resource, namespace).some((it) => it.metadata.name === name)
    return isThere
      ? store.update(resource, namespace, object)
      : store.create(resource, namespace, object)
  }
  const namespaces = ['default', 'kube-system', 'kube-public'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  }))
  for (const object of [...namespaces, ...RBAC_OBJECTS, ...controlPlanePods(options.flags)]) {
    put(object)
  }

  const documentOf = (path: string): object | undefined => {
    if (path === '/version' || path === '/version/') return versionDocument(version)
    return discoveryDocument(path) ?? openApiDocument(path)
  }

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    setUser: (user: User) => void,
  ): Promise<void> => {
    const url = new URL(request.url ?? '/', 'https://127.0.0.1')
    const sources = { issuer, tokens, onRefusal: (why: string) => void refusals.push(why) }
    const user = (await authenticateRequest(request, sources)) ?? ANONYMOUS
    setUser(user)
    const { pathname: path } = url
    const document = documentOf(path)
    if (document === undefined && !HEALTHY.has(path)) {
      return answerObjects({ request, response, url, user, store, authorize })
    }
    if (!authorize(user, { verb: 'get', path })) {
      const said = `forbidden: User "${user.username}" cannot get path "${path}"`
      throw new ApiError('Forbidden', said)
    }
    if (document === undefined) response.writeHead(200, { 'Content-Type': 'text/plain' }).end('ok')
    else sendJson(response, 200, document)
  }

  const serving = await authority.issue(
    [{ CN: ['kube-apiserver'] }],
    ['digital signature', 'server auth'],
    [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
    ],
  )
  const tls = { ...serving, ca: authority.cert, requestCert: true, rejectUnauthorized: false }
  const server = createServer(tls, (request, response) => {
    let username: string | undefined
    response.setHeader('Stand-In', STAND_IN_VERSION)
    response.on('close', () => {
      const { method = '', url = '' } = request
      answered.push({ method, path: url, status: response.statusCode, user: username })
    })
    answer(request, response, (user) => void (username = user.username)).catch((error: unknown) => {
      const known = error instanceof ApiError ? error : new ApiError('BadRequest', String(error))
      if (response.headersSent) response.destroy()
      else sendJson(response, known.code, known.toStatus())
    })
  })
  const stopControllers =
    options.controllers === false
      ? () => undefined
      : runControllers({ store, authorize, authority, clusterSigningSeconds })
  // OpenSSL leaves an error behind when a client certificate has a wrong signature. The request itself gets its 401.
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code !== 'ERR_SSL_EVP_LIB') socket.destroy()
  })
  const { port, close } = await startListening(server)
  const url = `https://127.0.0.1:${port}`

  const certificateFor: ApiServer['certificateFor'] = (username, ...groups) =>
    authority.issue(
      [...groups.map((group) => ({ O: [group] })), { CN: [username] }],
      ['digital signature', 'client auth'],
    )
  const configure = (it: IssuerConfiguration): void => void (issuer = authenticatorOf(it))
  if (options.issuer !== undefined) configure(options.issuer)

  return {
    url,
    ca: authority.cert,
    store,
    answered,
    refusals,
    configure,
    put,
    remove: (apiVersion, kind, name, namespace = '') =>
      void store.remove(resourceOfKind(apiVersion, kind), namespace, name),
    tokenFor(user) {
      const token = `stand-in-${tokens.size}-${crypto.randomUUID()}`
      tokens.set(token, user)
      return token
    },
    certificateFor,
    async kubeconfig(user) {
      const admin = user ?? (await certificateFor('kubernetes-admin', 'system:masters'))
      return kubeconfigOf({ url, ca: authority.cert }, admin)
    },
    async close() {
      stopControllers()
      await close()
    },
  }
}
