// Answers that a hostile service, or a program at the metadata service's address, may send: what a
// client must not take apart, keep or sign. One list for bootstrap.sh and `rollcall enroll`.

import type { ClientServers, Intercept } from './client-servers.ts'
import type { ServiceFailure } from './situation.ts'

/** How much of answers without end was taken, in bytes. */
export interface Taken {
  bytes: number
}

/** One kind of answer. */
export interface HostileAnswer {
  readonly name: string
  /** The end of the path whose answer is replaced. */
  readonly path: string
  /** How a client ends. */
  readonly status: number
  /** What the library ends with, of an answer of the service. */
  readonly code?: ServiceFailure | undefined
  /** How often a challenge is asked for. Default: 1. */
  readonly challenges?: number
  /** How often evidence is posted. Default: as in `Situation`. */
  readonly enrollments?: number
  /** Makes the answer out of the good one. */
  readonly change: (good: Uint8Array<ArrayBuffer>, taken: Taken) => BodyInit
}

const decoder = new TextDecoder()
const text =
  (change: (good: string) => string): HostileAnswer['change'] =>
  (good) =>
    change(decoder.decode(good))
const bytes =
  (...added: number[]): HostileAnswer['change'] =>
  (good) =>
    Uint8Array.from([...good.subarray(0, 20), ...added, ...good.subarray(20)])

const CHUNK = new Uint8Array(65_536).fill(0x61)
/** An end after all, so that a client that takes everything ends too. */
const LONG_BYTES = 48 * 1024 * 1024

/** Chunks without a length announced. */
const endless: HostileAnswer['change'] = (_, taken) => {
  let left = LONG_BYTES / CHUNK.length
  return new ReadableStream({
    pull(controller) {
      if (left-- <= 0) return controller.close()
      taken.bytes += CHUNK.length
      controller.enqueue(CHUNK)
    },
  })
}

/** Both forms of the answer with a token: the token alone, and JSON. */
const tokenChange = (change: (token: string) => string): HostileAnswer['change'] =>
  text((good) => {
    if (!good.startsWith('{')) return change(good)
    const body = JSON.parse(good) as { access_token: string }
    return JSON.stringify({ ...body, access_token: change(body.access_token) })
  })

const service = (
  path: 'challenge' | 'enroll',
  name: string,
  change: HostileAnswer['change'],
): HostileAnswer => ({
  name,
  path: `/v1/${path}`,
  status: 5,
  code: path === 'challenge' ? 'challenge_malformed' : 'token_malformed',
  enrollments: path === 'challenge' ? 0 : 1,
  change,
})

const metadata = (
  path: 'api/token' | 'instance-identity/document' | 'instance-identity/pkcs7',
  name: string,
  change: HostileAnswer['change'],
): HostileAnswer => ({ name, path: `/${path}`, status: 3, change })

const OTHER = `{"audience":"${'-'.repeat(64)}","expires_in":60}`

export const HOSTILE_ANSWERS: readonly HostileAnswer[] = [
  service(
    'challenge',
    'a challenge and a second one on the next line',
    text((good) => `${good}\n${OTHER}\n`),
  ),
  service(
    'challenge',
    'a challenge on the second line',
    text((good) => `${OTHER}\n${good}`),
  ),
  service('challenge', 'a challenge with a NUL in it', bytes(0)),
  service(
    'challenge',
    'a challenge behind a NUL',
    text((good) => `\0${good}`),
  ),
  service(
    'challenge',
    'a challenge whose life begins with zeros',
    text((good) => good.replace('120', '00099')),
  ),
  service(
    'challenge',
    'a challenge that lives for 0 s',
    text((good) => good.replace('120', '0')),
  ),
  {
    ...service('challenge', 'a challenge without end', endless),
    code: 'unreachable',
    challenges: 2,
  },
  service(
    'enroll',
    'a token on the second of three lines',
    tokenChange((token) => `$(touch x)\n${token}\nevil`),
  ),
  service(
    'enroll',
    'a token and a second one',
    tokenChange((token) => `${token}\n${token}`),
  ),
  service(
    'enroll',
    'a token with a NUL in it',
    tokenChange((token) => token.replace('.', '\0.')),
  ),
  service(
    'enroll',
    'a token of two parts',
    tokenChange((token) => token.slice(0, token.lastIndexOf('.'))),
  ),
  { ...service('enroll', 'a token without end', endless), code: 'unreachable', enrollments: 2 },
  metadata(
    'api/token',
    'a metadata token of two lines',
    text((good) => `${good}\nurl = "http://127.0.0.1:9"`),
  ),
  metadata('api/token', 'a metadata token with a NUL in it', bytes(0)),
  metadata('api/token', 'a metadata token with C1 control characters', bytes(0xc2, 0x9b)),
  metadata('api/token', 'an empty metadata token', () => ''),
  metadata('api/token', 'a metadata token without end', endless),
  metadata(
    'instance-identity/document',
    'a document of two lines',
    text((good) => good.replace(',', ',\n')),
  ),
  metadata(
    'instance-identity/document',
    'a document and an empty line',
    text((good) => `${good}\n\n`),
  ),
  metadata('instance-identity/document', 'a document with a NUL in it', bytes(0)),
  metadata('instance-identity/document', 'a document with an escape character', bytes(0x1b)),
  metadata('instance-identity/document', 'a document with a C1 control character', bytes(0x9b)),
  metadata('instance-identity/document', 'an empty document', () => ''),
  metadata('instance-identity/document', 'a document without end', endless),
  metadata('instance-identity/pkcs7', 'a signature with a NUL in it', bytes(0)),
  metadata('instance-identity/pkcs7', 'a signature with C1 control characters', bytes(0xc2, 0x9b)),
  metadata('instance-identity/pkcs7', 'an empty signature', () => ''),
  metadata('instance-identity/pkcs7', 'a signature without end', endless),
]

/** Answers that look odd and are good. */
export const ODD_ANSWERS: readonly HostileAnswer[] = [
  {
    ...service(
      'challenge',
      'a challenge and a line end',
      text((good) => `${good}\n`),
    ),
    status: 0,
    code: undefined,
    enrollments: 1,
  },
  {
    ...metadata(
      'api/token',
      'a metadata token and a line end',
      text((good) => `${good}\r\n`),
    ),
    status: 0,
  },
  {
    ...metadata(
      'instance-identity/document',
      'a document and a line end',
      text((good) => `${good}\r\n`),
    ),
    status: 0,
  },
  {
    ...metadata(
      'instance-identity/pkcs7',
      'a signature in lines',
      text((good) => good.replaceAll(/.{64}/g, '$&\n')),
    ),
    status: 0,
  },
]

/** Lets a servers answer so. @returns what counts how much is taken */
export const answerWith = (servers: ClientServers, { path, change }: HostileAnswer): Taken => {
  const taken: Taken = { bytes: 0 }
  const intercept: Intercept = async (request, pass) => {
    if (!new URL(request.url).pathname.endsWith(path)) return undefined
    const good = await pass(request)
    const body = change(new Uint8Array(await good.arrayBuffer()), taken)
    return new Response(body, {
      status: good.status,
      headers: { 'Content-Type': good.headers.get('Content-Type') ?? 'text/plain' },
    })
  }
  if (path.startsWith('/v1/')) servers.intercept = intercept
  else servers.interceptMetadata = intercept
  return taken
}
