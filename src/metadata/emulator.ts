// The metadata service of ECS as a fetch handler that truly signs, for development and tests.
// https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata

import { toBase64, toBase64Url, utf8 } from '../bytes.ts'
import { type Faults, parseFaults } from './faults.ts'
import { type EmulatedInstance, makeInstances } from './instance.ts'
import { itemsOf, listFolder } from './items.ts'
import { type Signer, createSigner } from './signer.ts'

/** How to emulate. */
export interface MetadataEmulatorOptions {
  /** Default: 1. */
  readonly instances?: number
  /** Number of accounts that own the instances, in turn. Default: 1. */
  readonly accounts?: number
  /** What the instances are made up from. Default: random. */
  readonly seed?: string | number
  /** Whether requests without a token are refused (`HttpTokens: required`). Default: false. */
  readonly hardenedOnly?: boolean
  /** Names of faults, as `--help` of the command lists them. Default: none. */
  readonly faults?: readonly string[]
}

/** An emulated metadata service. */
export interface MetadataEmulator {
  /** Answers for the first instance, or for the one of a path that begins `/instances/ID`. */
  fetch(request: Request): Promise<Response>
  /** The certificate that the signatures verify under: `ROLLCALL_TRUST_ANCHORS`. */
  readonly certificatePem: string
  readonly instances: readonly EmulatedInstance[]
}

const VERSIONS = ['2016-01-01', 'latest']
const TOKEN_PATH = 'api/token'
const TTL_HEADER = 'X-aliyun-ecs-metadata-token-ttl-seconds'
const TOKEN_HEADER = 'X-aliyun-ecs-metadata-token'
const MAX_TTL_SECONDS = 21_600
const IDENTITY = 'dynamic/instance-identity/'
const DOCUMENT_PATH = `${IDENTITY}document`
const PKCS7_PATH = `${IDENTITY}pkcs7`
const TOKEN_BYTES = 32
const WRAPPED_LINE = /.{1,76}/g

const text = (body: string, status = 200): Response =>
  new Response(body, { status, headers: { 'Content-Type': 'text/plain' } })
const notFound = (): Response => text('404 - Not Found', 404)

/** The tokens of hardened mode. */
const createTokens = (): {
  issue(request: Request): Response
  isValid(token: string): boolean
} => {
  const expiries = new Map<string, number>()
  return {
    issue({ headers }) {
      if (headers.has('X-Forwarded-For')) return text('a proxy may not ask for tokens', 403)
      const ttl = headers.get(TTL_HEADER) ?? ''
      const seconds = Number(ttl)
      if (!/^[0-9]{1,5}$/.test(ttl) || seconds < 1 || seconds > MAX_TTL_SECONDS) {
        return text(`${TTL_HEADER}: expected 1 to ${MAX_TTL_SECONDS}`, 400)
      }
      const token = toBase64Url(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)))
      expiries.set(token, Date.now() + seconds * 1000)
      return text(token)
    },
    isValid(token) {
      if (Date.now() < (expiries.get(token) ?? 0)) return true
      expiries.delete(token)
      return false
    },
  }
}

/** The identity document; with an audience, what is signed for it. */
const documentOf = (
  { document }: EmulatedInstance,
  audience: string | null,
  unescaped: boolean,
): string => {
  const json = JSON.stringify(document)
  if (audience === null) return json
  const value = unescaped ? `"${audience}"` : JSON.stringify(audience)
  return `${json.slice(0, -1)},"audience":${value}}`
}

const signatureOf = async (
  instance: EmulatedInstance,
  audience: string | null,
  signer: Signer,
  { flags }: Faults,
): Promise<string> => {
  const content = utf8(documentOf(instance, audience, flags.has('unescaped-audience')))
  const der = await signer.sign(content, {
    sha256: flags.has('sha256'),
    certificate: flags.has('certificate'),
    signedAttributes: flags.has('signed-attributes'),
    detached: flags.has('detached'),
    wrongKey: flags.has('wrong-key'),
  })
  const base64 = toBase64(der)
  return flags.has('wrapped') ? (base64.match(WRAPPED_LINE) ?? []).join('\n') : base64
}

/**
 * Creates an emulated metadata service with a key and a certificate of its own.
 * @throws RangeError for a number of instances below 1, or a fault that is not known
 * @example
 * ```ts
 * const { fetch, certificatePem } = await createMetadataEmulator({ instances: 3, seed: 'a' })
 * const url = 'http://100.100.100.200/latest/dynamic/instance-identity/pkcs7?audience=nonce'
 * const pkcs7 = await (await fetch(new Request(url))).text()
 * ```
 */
export const createMetadataEmulator = async (
  options: MetadataEmulatorOptions = {},
): Promise<MetadataEmulator> => {
  const { instances: count = 1, accounts = 1, hardenedOnly = false } = options
  if (!Number.isInteger(count) || count < 1) throw new RangeError('instances: expected 1 or more')
  if (!Number.isInteger(accounts) || accounts < 1) {
    throw new RangeError('accounts: expected 1 or more')
  }
  const faults = parseFaults(options.faults ?? [])
  const seed = String(options.seed ?? crypto.randomUUID())
  const instances = await makeInstances({ seed, count, accounts })
  const byId = new Map(instances.map((instance) => [instance.instanceId, instance]))
  const signer = await createSigner()
  const tokens = createTokens()

  const read = async (
    instance: EmulatedInstance,
    path: string,
    { searchParams }: URL,
  ): Promise<Response> => {
    if (faults.notFound.some((missing) => path === missing || path.startsWith(`${missing}/`))) {
      return notFound()
    }
    if (path === DOCUMENT_PATH) return text(documentOf(instance, null, false))
    if (path === PKCS7_PATH) {
      return text(await signatureOf(instance, searchParams.get('audience'), signer, faults))
    }
    const items = itemsOf(instance)
    const value = items.get(path)
    if (value !== undefined) return text(value)
    const folder = path === '' || path.endsWith('/') ? path : `${path}/`
    const listing = listFolder([DOCUMENT_PATH, PKCS7_PATH, ...items.keys()], folder)
    return listing === undefined ? notFound() : text(listing)
  }

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    const [, id, rest = ''] = /^\/instances\/([^/]+)(\/.*)?$/.exec(url.pathname) ?? []
    const instance = id === undefined ? instances[0] : byId.get(id)
    if (instance === undefined) return notFound()
    const [, version = '', path = ''] =
      /^\/([^/]*)\/?(.*)$/.exec(id === undefined ? url.pathname : rest) ?? []
    if (version !== '' && !VERSIONS.includes(version)) return notFound()

    if (request.method === 'PUT' && path === TOKEN_PATH) return tokens.issue(request)
    if (request.method !== 'GET') {
      const refusal = text('only GET is answered', 405)
      refusal.headers.set('Allow', 'GET')
      return refusal
    }
    const token = request.headers.get(TOKEN_HEADER)
    if (token === null && hardenedOnly) return text('a token is required', 403)
    if (token !== null && !tokens.isValid(token)) return text('a token that is not valid', 401)
    return version === '' ? text(VERSIONS.join('\n')) : read(instance, path, url)
  }

  return {
    instances,
    certificatePem: signer.certificatePem,
    async fetch(request) {
      if (faults.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.slowMs))
      return answer(request)
    },
  }
}
