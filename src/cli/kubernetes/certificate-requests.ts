// The CertificateSigningRequests of a cluster: listed, watched, and given a condition.

import { type CsrObject, readCsrObject } from '../../admit/kubernetes/csr-object.ts'
import type { CsrDecision } from '../../admit/kubernetes/decide-csr.ts'
import { ApiServerError } from './api-error.ts'
import type { ApiServer } from './api-server.ts'
import { listPages, membersOf } from './list-pages.ts'

const PATH = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
/** Items of a list come without it. */
const TYPE = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest' }
const PAGE_LIMIT = 500
/** The server ends a watch after this; then what was left is looked at again. */
export const WATCH_SECONDS = 60
/** If the server does not: the connection may be dead. */
const GRACE_SECONDS = 15

const GONE = 410

/** A request as it was read, and the object that it was read from. */
export interface ListedCsr {
  readonly csr: CsrObject
  readonly object: unknown
}

/** A change that a watch saw. */
export type CsrChange =
  | { readonly kind: 'present'; readonly listed: ListedCsr }
  | { readonly kind: 'deleted'; readonly uid: string }
  | { readonly kind: 'at'; readonly resourceVersion: string }

const versionOf = (object: unknown): string =>
  String(membersOf(membersOf(object)['metadata'])['resourceVersion'] ?? '')

const readListed = (object: unknown): ListedCsr | undefined => {
  const csr = readCsrObject(object)
  return csr === undefined ? undefined : { csr, object }
}

/** Lists all requests. @throws ApiServerError */
export const listCsrs = async (
  server: ApiServer,
): Promise<{ readonly listed: readonly ListedCsr[]; readonly resourceVersion: string }> => {
  const listed: ListedCsr[] = []
  let resourceVersion = ''
  for await (const { items, metadata } of listPages(server, PATH, PAGE_LIMIT)) {
    listed.push(...items.map(readListed).filter((it) => it !== undefined))
    resourceVersion = String(metadata['resourceVersion'] ?? '')
  }
  return { listed, resourceVersion }
}

const readChange = (event: unknown): readonly CsrChange[] => {
  const { type, object } = membersOf(event)
  if (type === 'ERROR') {
    const { code } = membersOf(object)
    const status = typeof code === 'number' ? code : undefined
    throw new ApiServerError(`The API server ended a watch with status ${String(status)}`, status)
  }
  const resourceVersion = versionOf(object)
  const at: readonly CsrChange[] = resourceVersion === '' ? [] : [{ kind: 'at', resourceVersion }]
  const listed = type === 'BOOKMARK' ? undefined : readListed(object)
  if (listed === undefined) return at
  return type === 'DELETED'
    ? [{ kind: 'deleted', uid: listed.csr.uid }, ...at]
    : [{ kind: 'present', listed }, ...at]
}

/**
 * Watches requests for a while.
 * @param resourceVersion where the list, or the watch before, ended
 * @param seconds how long, such as {@link WATCH_SECONDS}
 * @throws ApiServerError; with `httpStatus` 410 the version is too old: list again
 */
export async function* watchCsrs(
  server: ApiServer,
  resourceVersion: string,
  seconds: number,
): AsyncGenerator<readonly CsrChange[], void, undefined> {
  const query = new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(seconds),
    resourceVersion,
  })
  for await (const events of server.lines(`${PATH}?${query}`, seconds + GRACE_SECONDS)) {
    yield events.flatMap(readChange)
  }
}

/** Whether a watch failed because its version is too old. */
export const isGone = (error: unknown): boolean =>
  error instanceof ApiServerError && error.httpStatus === GONE

const pathOf = ({ csr }: ListedCsr): string => `${PATH}/${encodeURIComponent(csr.name)}`

/** Reads a request again. @returns `undefined` if it is gone @throws ApiServerError */
export const readCsrAgain = async (
  server: ApiServer,
  listed: ListedCsr,
): Promise<ListedCsr | undefined> => {
  try {
    const again = readListed(await server.call('GET', pathOf(listed)))
    // The same name with another uid is another request, which the watch reports.
    return again?.csr.uid === listed.csr.uid ? again : undefined
  } catch (error) {
    if (error instanceof ApiServerError && error.httpStatus === 404) return undefined
    throw error
  }
}

/**
 * Gives a request the condition of a decision. The server takes it only if the request is still as it was listed.
 * @param now Unix seconds
 * @returns the request afterwards
 * @throws ApiServerError; with `httpStatus` 409 the request has changed, with 404 it is gone
 */
export const writeCondition = async (
  server: ApiServer,
  listed: ListedCsr,
  { decision, reason, message }: CsrDecision,
  now: number,
): Promise<ListedCsr> => {
  const object = membersOf(listed.object)
  const status = membersOf(object['status'])
  const condition = {
    type: decision === 'approve' ? 'Approved' : 'Denied',
    status: 'True',
    reason,
    message,
    lastUpdateTime: new Date(now * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
  }
  const body = { ...object, ...TYPE, status: { ...status, conditions: [condition] } }
  const answer = await server.call('PUT', `${pathOf(listed)}/approval`, body)
  return readListed(answer) ?? { csr: { ...listed.csr, isDecided: true }, object: body }
}
