// The part of the stand-in API server that reads and writes objects: authorization, admission, storage, watches.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { ApiError } from './api-error.ts'
import { type Authorizer, requireAllowed, restrictNode } from './authorizer.ts'
import { type Csr, requireSigner } from './certificate-requests.ts'
import { newCsr, withApproval, withStatus } from './csr-changes.ts'
import { readBody } from './read-body.ts'
import { type Attributes, type KubeObject, apiVersionOf, readAttributes } from './resources.ts'
import type { Change, Store } from './store.ts'
import type { User } from './user.ts'

/** A request for objects. */
export interface ObjectRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly user: User
  readonly store: Store
  readonly authorize: Authorizer
}

type Selector = (object: KubeObject) => boolean

const FIELDS: Readonly<Record<string, (object: KubeObject) => string | undefined>> = {
  'metadata.name': ({ metadata }) => metadata.name,
  'metadata.namespace': ({ metadata }) => metadata.namespace,
  'spec.signerName': (object) => (object as Csr).spec?.signerName,
}

const readTerms = (text: string | null): [string, string][] =>
  (text ?? '').split(',').flatMap((term) => {
    if (term === '') return []
    const [, name, value = ''] = /^([^=!]+)==?([^=]*)$/.exec(term) ?? []
    if (name === undefined) {
      throw new ApiError('BadRequest', `the stand-in does not know the selector ${term}`)
    }
    return [[name, value]]
  })

const readSelector = ({ searchParams }: URL): Selector => {
  const fields = readTerms(searchParams.get('fieldSelector')).map(([name, value]) => {
    const field = FIELDS[name]
    if (field === undefined) {
      throw new ApiError('BadRequest', `the stand-in does not know the field ${name}`)
    }
    return (object: KubeObject): boolean => field(object) === value
  })
  const labels = readTerms(searchParams.get('labelSelector')).map(
    ([name, value]) =>
      ({ metadata }: KubeObject): boolean =>
        metadata.labels?.[name] === value,
  )
  return (object) => [...fields, ...labels].every((selects) => selects(object))
}

const sendJson = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}

const listOf = ({ store, url }: ObjectRequest, { resource, namespace }: Attributes): object => {
  const selects = readSelector(url)
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata: { resourceVersion: String(store.version()) },
    items: store.list(resource, namespace).filter(selects),
  }
}

const INITIAL_EVENTS_END = { 'k8s.io/initial-events-end': 'true' }

/** An event without a change: it names the version up to which a client has seen all. */
const bookmarkOf = ({ resource }: Attributes, version: number, annotations?: object): object => ({
  type: 'BOOKMARK',
  object: {
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: { resourceVersion: String(version), ...(annotations && { annotations }) },
  },
})

/** Sends events until the client or `timeoutSeconds` ends the watch. @throws ApiError for a version that is too old */
const sendEvents = ({ store, url, response }: ObjectRequest, asked: Attributes): void => {
  const { searchParams } = url
  const selects = readSelector(url)
  const send = (event: object): void => void response.write(`${JSON.stringify(event)}\n`)
  const isAsked = ({ resource, object }: Change): boolean =>
    resource === asked.resource &&
    (asked.namespace === '' || object.metadata.namespace === asked.namespace) &&
    selects(object)
  const since = searchParams.get('resourceVersion') ?? ''
  const isMarked = searchParams.get('sendInitialEvents') === 'true'
  // Without a version, or with 0, a watch begins with all that is there.
  const isWhole = isMarked || since === '' || since === '0'
  if (isWhole) {
    for (const object of store.list(asked.resource, asked.namespace).filter(selects)) {
      send({ type: 'ADDED', object })
    }
    if (isMarked) send(bookmarkOf(asked, store.version(), INITIAL_EVENTS_END))
  }
  const end = store.watch(isWhole ? store.version() : Number(since), (change) => {
    if (isAsked(change)) send({ type: change.type, object: change.object })
  })
  response.on('close', end)
  const seconds = Number(searchParams.get('timeoutSeconds') ?? '0')
  if (seconds === 0) return
  const timer = setTimeout(() => {
    if (searchParams.get('allowWatchBookmarks') === 'true') {
      send(bookmarkOf(asked, store.version()))
    }
    response.end()
  }, seconds * 1000)
  response.on('close', () => clearTimeout(timer))
}

const watch = (request: ObjectRequest, asked: Attributes): void => {
  const { response } = request
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.flushHeaders()
  try {
    sendEvents(request, asked)
  } catch (error) {
    // As the real server: the watch has begun, and its first event says why it ends.
    if (!(error instanceof ApiError)) throw error
    response.end(`${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`)
  }
}

const requireObject = (body: unknown, { resource }: Attributes): KubeObject => {
  const object = body as Partial<KubeObject> | null
  const isOfKind = object?.kind === resource.kind && object.apiVersion === apiVersionOf(resource)
  if (object === null || !isOfKind || typeof object.metadata !== 'object') {
    throw new ApiError('BadRequest', `expected a ${resource.kind} of ${apiVersionOf(resource)}`)
  }
  return object as KubeObject
}

/** Reviews are answered and not kept. */
const review = (
  { user, authorize }: ObjectRequest,
  { resource }: Attributes,
  body: unknown,
): object => {
  const { username, uid, groups, extra } = user
  const answer = { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata: {} }
  if (resource.kind === 'SelfSubjectReview') {
    return { ...answer, status: { userInfo: { username, uid, groups, extra } } }
  }
  const { spec } = body as {
    readonly spec: {
      readonly resourceAttributes?: Readonly<Record<string, string>>
      readonly nonResourceAttributes?: Readonly<Record<string, string>>
    }
  }
  const { resourceAttributes: asked, nonResourceAttributes: path } = spec
  const allowed = authorize(
    user,
    asked === undefined
      ? { verb: path?.['verb'] ?? '', path: path?.['path'] ?? '' }
      : {
          verb: asked['verb'] ?? '',
          group: asked['group'] ?? '',
          resource: asked['resource'] ?? '',
          subresource: asked['subresource'] ?? '',
          namespace: asked['namespace'] ?? '',
          name: asked['name'] ?? '',
        },
  )
  return { ...answer, spec, status: { allowed } }
}

const create = async (request: ObjectRequest, asked: Attributes): Promise<object> => {
  const { resource, namespace } = asked
  const body = await readBody(request.request)
  if (!resource.isKept) return review(request, asked, body)
  const object = requireObject(body, asked)
  restrictNode(request.user, asked, object)
  const isCsr = resource.kind === 'CertificateSigningRequest'
  const made = isCsr ? await newCsr(object, request.user) : object
  return request.store.create(resource, namespace, made)
}

const update = async (request: ObjectRequest, asked: Attributes): Promise<object> => {
  const { store, user, authorize } = request
  const { resource, subresource, namespace, name } = asked
  const object = requireObject(await readBody(request.request), asked)
  if (object.metadata.name !== name) {
    throw new ApiError('BadRequest', 'the name of the object does not match the name on the URL')
  }
  const old = store.get(resource, namespace, name)
  restrictNode(user, asked, object, subresource === '' ? old : undefined)
  if (resource.kind !== 'CertificateSigningRequest') {
    const status = subresource === 'status' ? object['status'] : old['status']
    const changed = subresource === 'status' ? { ...old, metadata: object.metadata } : object
    return store.update(resource, namespace, { ...changed, status })
  }
  const csr = old as Csr
  if (subresource === '') {
    return store.update(resource, namespace, { ...csr, metadata: object.metadata })
  }
  requireSigner(authorize, user, subresource === 'approval' ? 'approve' : 'sign', csr)
  const changed = subresource === 'approval' ? withApproval(csr, object) : withStatus(csr, object)
  return store.update(resource, namespace, changed)
}

/** Answers a request for objects. @throws ApiError */
export const answerObjects = async (request: ObjectRequest): Promise<void> => {
  const { response, store, url, user, authorize } = request
  const asked = readAttributes(request.request.method ?? 'GET', url)
  const { verb, resource, namespace, name } = asked
  requireAllowed(authorize, user, asked)
  switch (verb) {
    case 'get':
      return sendJson(response, 200, store.get(resource, namespace, name))
    case 'list':
      return sendJson(response, 200, listOf(request, asked))
    case 'watch':
      return watch(request, asked)
    case 'create':
      return sendJson(response, 201, await create(request, asked))
    case 'update':
      return sendJson(response, 200, await update(request, asked))
    default:
      return sendJson(response, 200, store.remove(resource, namespace, name))
  }
}
