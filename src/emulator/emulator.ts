// The metadata service of ECS as a fetch handler with real signatures, for development and tests.
// It signs with a new key, so only a service that is configured to trust its certificate accepts
// its evidence. https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata

import type { Bytes } from '../base/bytes.ts'
import { type EvidenceSigner, type NewKeyPair, createEvidenceSigner } from './evidence-signer.ts'
import { parseFaults } from './faults.ts'
import type { EmulatedInstance } from './emulated-instance.ts'
import { type InstanceDescription, parseInstanceDescriptions } from './instance-description.ts'
import { itemValues } from './item-values.ts'
import { everything, listFolder } from './folders.ts'
import { ITEMS } from '../metadata/items.ts'
import { makeInstances } from './make-instances.ts'
import { generateSigningKeyPair } from './signing-identity.ts'
import { type SessionTokens, createSessionTokens, parseTtl } from './session-tokens.ts'
import { parseUrl } from '../base/url.ts'

/** Options of an emulator. */
export interface MetadataEmulatorOptions {
  /**
   * How many, 1 to 10,000; or a description of each, whose missing values are made up. Default: 1.
   */
  readonly instances?: number | readonly InstanceDescription[]
  /** Number of accounts that own the instances, in turn. Default: 1. */
  readonly accounts?: number
  /** The seed of the made-up values, but never of the key. Default: random. */
  readonly seed?: string | number
  /**
   * Whether instances have every known item that their description does not mention. Default:
   * false.
   */
  readonly allItems?: boolean
  /** Whether requests without a token are refused (`HttpTokens: required`). Default: false. */
  readonly hardenedOnly?: boolean
  /** Names of faults, as `--help` of the command lists them. Default: none. */
  readonly faults?: readonly string[]
  /** Gives Unix seconds, for tokens and signing times. Default: the clock. */
  readonly clock?: () => number
}

/** An emulated metadata service. */
export interface MetadataEmulator {
  /**
   * Answers for the first instance, or for the one of a path that begins `/instances/ID`. It takes what
   * the platform's `fetch` takes, so it can stand in for it; host and port of the URL don't matter.
   * @param input a request, or its URL
   * @param init method, headers and `signal`, in place of those of a request. Default: GET
   * @throws TypeError if the URL is not absolute; the reason of a signal that is aborted
   */
  fetch(input: Request | URL | string, init?: RequestInit): Promise<Response>
  /** The certificate that the signatures verify under: `ROLLCALL_TRUST_ANCHORS`. */
  readonly certificatePem: string
  /** The instances, in order. */
  readonly instances: readonly EmulatedInstance[]
  /** The seed that makes the same instances again. */
  readonly seed: string
}

const MAX_INSTANCES = 10_000
const VERSIONS = '2016-01-01\nlatest'
const TOKEN_PATH = 'api/token'
const TOKEN_HEADER = 'X-aliyun-ecs-metadata-token'
const TTL_HEADER = `${TOKEN_HEADER}-ttl-seconds`

/** `/instances/ID`, if it is there, and the rest. */
const PREFIX = /^(?:\/instances\/([^/]+))?(.*)$/
/** A version (none at the top) and the path below it, without a slash at its end. */
const VERSIONED = /^(?:\/(2016-01-01|latest)(?:\/(.*?))?)?\/?$/

/** The target of a request. */
interface Matched {
  readonly id: string | undefined
  /** Whether the path can exist. */
  readonly isKnown: boolean
  readonly version: string | undefined
  /** Below the version. */
  readonly path: string
}

/** The text that was percent-encoded; `undefined` if the encoding is wrong. */
const decode = (encoded: string): string | undefined => {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return undefined
  }
}

const matchPath = (pathname: string): Matched => {
  const [, id, rest = ''] = PREFIX.exec(pathname) ?? []
  const [all, version, encoded = ''] = VERSIONED.exec(rest) ?? []
  const path = decode(encoded)
  return { id, isKnown: all !== undefined && path !== undefined, version, path: path ?? encoded }
}

const text = (body: string | Bytes, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(body, { status, headers: { 'Content-Type': 'text/plain', ...headers } })
const notFound = (): Response => text('not found', 404)
const onlyMethod = (allow: string): Response =>
  text(`only ${allow} is answered`, 405, { Allow: allow })

/** The request that the arguments of `fetch` stand for. */
const requestOf = (input: Request | URL | string, init?: RequestInit): Request => {
  if (typeof input !== 'string') {
    // Servers pass on their own request objects, which may belong to another realm.
    return input instanceof URL || init !== undefined ? new Request(input, init) : input
  }
  if (parseUrl(input) !== undefined) return new Request(input, init)
  throw new TypeError(
    `fetch: expected an absolute URL, such as http://100.100.100.200/latest/, got ${JSON.stringify(input)}`,
  )
}

/** State that all requests to an emulator share. */
interface Service {
  readonly clock: () => number
  readonly startedAt: number
  readonly hardenedOnly: boolean
  readonly signer: EvidenceSigner
  readonly tokens: SessionTokens
}

const issueToken = (
  { tokens }: Service,
  { instanceId }: EmulatedInstance,
  { method, headers }: Request,
): Response => {
  if (method !== 'PUT') return onlyMethod('PUT')
  if (headers.has('X-Forwarded-For')) return text('a proxy may not ask for tokens', 403)
  const ttlSeconds = parseTtl(headers.get(TTL_HEADER))
  if (ttlSeconds === undefined) return text(`${TTL_HEADER}: expected 1 to 21600`, 400)
  return text(tokens.issue(instanceId, ttlSeconds))
}

/** The refusal of a request without a valid token; `undefined` for a request that may read. */
const refusal = (
  { hardenedOnly, tokens }: Service,
  { instanceId }: EmulatedInstance,
  { method, headers }: Request,
): Response | undefined => {
  if (method !== 'GET') return onlyMethod('GET')
  const token = headers.get(TOKEN_HEADER)
  if (token === null) return hardenedOnly ? text('a token is required', 403) : undefined
  return tokens.use(instanceId, token) ? undefined : text('a token that is not valid', 401)
}

const readItem = async (
  { signer, clock, startedAt }: Service,
  instance: EmulatedInstance,
  path: string,
  { searchParams }: URL,
): Promise<Response> => {
  const values = itemValues(instance, { now: clock(), startedAt })
  const { path: signaturePath } = ITEMS.identitySignature
  // A fault that unsets the document unsets its signature, too.
  const document = values.get(ITEMS.identityDocument.path)
  const isSigned = document !== undefined && instance.items[signaturePath] !== null
  if (path === signaturePath && isSigned) {
    return text(await signer.sign(JSON.stringify(instance.document), searchParams.get('audience')))
  }
  if (path === ITEMS.everything.path && instance.items[path] !== null)
    return text(everything(values))
  const paths = [...values.keys(), ...(isSigned ? [signaturePath] : [])]
  const found = values.get(path) ?? listFolder(paths, path)
  return found === undefined ? notFound() : text(found)
}

const delay = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    // The caller has stopped waiting. The timer would keep the process alive.
    signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true })
  })

const checkCount = (name: string, value: number): void => {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_INSTANCES) return
  throw new RangeError(`${name}: expected a whole number from 1 to ${MAX_INSTANCES}, got ${value}`)
}

/**
 * {@link createMetadataEmulator} with given keys: making one takes 200 ms, and tests make hundreds of
 * emulators.
 */
export const createEmulatorWith = async (
  newKeyPair: NewKeyPair,
  options: MetadataEmulatorOptions,
): Promise<MetadataEmulator> => {
  const { accounts = 1, hardenedOnly = false, allItems = false } = options
  const wanted =
    typeof options.instances === 'object'
      ? parseInstanceDescriptions(options.instances)
      : (options.instances ?? 1)
  checkCount('instances', typeof wanted === 'number' ? wanted : wanted.length)
  checkCount('accounts', accounts)
  const clock = options.clock ?? (() => Math.floor(Date.now() / 1000))
  const faults = parseFaults(options.faults ?? [])
  const seed = String(options.seed ?? crypto.randomUUID())
  const instances = await makeInstances({ seed, instances: wanted, accounts, allItems })
  const byId = new Map(instances.map((instance) => [instance.instanceId, instance]))
  const signer = await createEvidenceSigner(faults, clock, newKeyPair)
  const tokens = createSessionTokens(clock, faults.tokenUses)
  const service: Service = { hardenedOnly, signer, tokens, clock, startedAt: clock() }

  /** Answers after the faults that come before any answer. */
  const answer = async (request: Request, url: URL, matched: Matched): Promise<Response> => {
    if (/^\/instances\/?$/.test(url.pathname)) return text([...byId.keys()].join('\n'))
    const { id, isKnown, version, path } = matched
    const instance = id === undefined ? instances[0] : byId.get(id)
    if (instance === undefined || !isKnown || faults.isMissing(path)) return notFound()

    if (path === TOKEN_PATH) return issueToken(service, instance, request)
    const refused = refusal(service, instance, request)
    if (refused !== undefined) return refused
    return version === undefined ? text(VERSIONS) : readItem(service, instance, path, url)
  }

  return {
    instances,
    seed,
    certificatePem: signer.certificatePem,
    async fetch(input, init) {
      const request = requestOf(input, init)
      request.signal.throwIfAborted()
      const url = new URL(request.url)
      const matched = matchPath(url.pathname)
      const path = matched.version === undefined ? undefined : matched.path
      const milliseconds = faults.nextDelayMs(path)
      if (milliseconds > 0) await delay(milliseconds, request.signal)
      request.signal.throwIfAborted()
      const error = faults.nextError(path)
      return error === undefined ? answer(request, url, matched) : text('an emulated fault', error)
    },
  }
}

/**
 * Creates an emulated metadata service with a key and a certificate of its own.
 * @param options Default: one instance, everything about it made up
 * @returns the emulator
 * @throws RangeError if `instances` or `accounts` is not 1 to 10,000, or a fault is unknown
 * @throws ConfigurationError `configuration_invalid` if descriptions of instances are wrong, with one line for each
 *   problem
 * @example
 * ```ts
 * import { createMetadataEmulator } from 'rollcall/emulator'
 *
 * const { instances } = await createMetadataEmulator({
 *   instances: [{ 'region-id': 'cn-hangzhou', tags: { team: 'web' } }, {}],
 *   seed: 1,
 * })
 * console.log(instances.length, instances[0]?.tags['team']) // 2 web
 * ```
 * @see https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
 */
export const createMetadataEmulator = (
  options: MetadataEmulatorOptions = {},
): Promise<MetadataEmulator> => createEmulatorWith(generateSigningKeyPair, options)
