// The objects of the stand-in API server, in memory, with resource versions and what a watch needs.

import { randomBytes, randomUUID } from 'node:crypto'
import { ApiError } from './api-error.ts'
import { type KubeObject, type Resource, apiVersionOf } from './resources.ts'

/** A change of one object. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly resource: Resource
  readonly object: KubeObject
  readonly version: number
}

/** The objects. */
export interface Store {
  /** The latest resource version. */
  version(): number
  create(resource: Resource, namespace: string, object: KubeObject): KubeObject
  /** @throws ApiError `NotFound` */
  get(resource: Resource, namespace: string, name: string): KubeObject
  /** @param namespace empty: all */
  list(resource: Resource, namespace: string): KubeObject[]
  /** Puts an object in place of the one of its name. @throws ApiError `Conflict` if it changed since it was read */
  update(resource: Resource, namespace: string, object: KubeObject): KubeObject
  remove(resource: Resource, namespace: string, name: string): KubeObject
  /**
   * Calls the listener for each change after a version, past ones first.
   * @returns what ends it
   * @throws ApiError `Expired` if changes since that version are no longer known
   */
  watch(since: number, listener: (change: Change) => void): () => void
  /** Drops all past changes, so that a watch of an earlier version gets 410 Gone. */
  compact(): void
}

const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/
/** Kinds that take any name that can stand in a path. */
const FREE_NAMES = new Set(['certificates.k8s.io', 'rbac.authorization.k8s.io'])
const isName = ({ group }: Resource, name: string): boolean =>
  FREE_NAMES.has(group) ? !/^$|^\.\.?$|[/%]/.test(name) : NAME.test(name)

const sayOf = ({ group, plural }: Resource): string =>
  group === '' ? plural : `${plural}.${group}`

/** Creates a store without objects. */
export const createStore = (): Store => {
  const objects = new Map<string, KubeObject>()
  const listeners = new Set<(change: Change) => void>()
  let changes: Change[] = []
  let version = 1
  let compacted = 0

  const keyOf = (resource: Resource, namespace: string, name: string): string =>
    [resource.group, resource.plural, resource.namespaced ? namespace : '', name].join('/')

  const put = (type: Change['type'], resource: Resource, given: KubeObject): KubeObject => {
    version++
    const metadata = { ...given.metadata, resourceVersion: String(version) }
    const object = { ...structuredClone(given), metadata }
    const key = keyOf(resource, metadata.namespace ?? '', metadata.name)
    if (type === 'DELETED') objects.delete(key)
    else objects.set(key, object)
    const change = { type, resource, object, version }
    changes.push(change)
    for (const listener of listeners) listener(change)
    return object
  }

  const store: Store = {
    version: () => version,
    create(resource, namespace, { metadata, ...object }) {
      const { generateName = '' } = metadata
      const random = randomBytes(4).toString('hex')
      const name =
        (metadata.name ?? '') === '' ? generateName && generateName + random : metadata.name
      if (!isName(resource, name)) {
        const { group, kind } = resource
        const what = name === '' ? 'Required value: name or generateName is required' : 'Invalid'
        const full = group === '' ? kind : `${kind}.${group}`
        throw new ApiError('Invalid', `${full} "${name}" is invalid: metadata.name: ${what}`)
      }
      if (objects.has(keyOf(resource, namespace, name))) {
        throw new ApiError('AlreadyExists', `${sayOf(resource)} "${name}" already exists`)
      }
      return put('ADDED', resource, {
        ...object,
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        metadata: {
          ...metadata,
          name,
          ...(resource.namespaced && { namespace }),
          uid: randomUUID(),
          creationTimestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
        },
      })
    },
    get(resource, namespace, name) {
      const object = objects.get(keyOf(resource, namespace, name))
      if (object !== undefined) return object
      throw new ApiError('NotFound', `${sayOf(resource)} "${name}" not found`)
    },
    list: (resource, namespace) =>
      [...objects]
        .filter(
          ([key, { metadata }]) => key === keyOf(resource, metadata.namespace ?? '', metadata.name),
        )
        .map(([, object]) => object)
        .filter(({ metadata }) => namespace === '' || metadata.namespace === namespace),
    update(resource, namespace, object) {
      const { name, resourceVersion = '' } = object.metadata
      const old = store.get(resource, namespace, name)
      if (resourceVersion !== '' && resourceVersion !== old.metadata.resourceVersion) {
        const what = `Operation cannot be fulfilled on ${sayOf(resource)} "${name}"`
        throw new ApiError(
          'Conflict',
          `${what}: the object has been modified; please apply your changes to the latest version and try again`,
        )
      }
      const { uid, creationTimestamp, namespace: place } = old.metadata
      const fixed = { uid, creationTimestamp, ...(place !== undefined && { namespace: place }) }
      return put('MODIFIED', resource, {
        ...object,
        apiVersion: old.apiVersion,
        kind: old.kind,
        metadata: { ...object.metadata, ...fixed },
      } as KubeObject)
    },
    remove: (resource, namespace, name) =>
      put('DELETED', resource, store.get(resource, namespace, name)),
    watch(since, listener) {
      if (since < compacted) {
        throw new ApiError('Expired', `too old resource version: ${since} (${compacted})`)
      }
      for (const change of changes) if (change.version > since) listener(change)
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    compact() {
      changes = []
      compacted = version
    },
  }
  return store
}
