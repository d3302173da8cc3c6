// Whether a server that is measured really does the work: a contender that lets something pass, or that gives
// tokens which nobody can verify, would look good.

import { deepStrictEqual, match, ok, strictEqual } from 'node:assert'
import { type JSONWebKeySet, createLocalJWKSet, jwtVerify } from 'jose'
import { waitUntil } from '../support/processes.ts'
import { type TestCloud, documentText, withAudience } from '../support/test-cloud.ts'
import { type Load, type LoadAnswer, enrollmentBody } from './enrollment-load.ts'

/** Headers of every answer, in lower case. */
const HEADERS = [
  'cache-control',
  'content-length',
  'content-type',
  'x-content-type-options',
  'x-request-id',
]

/** Headers that a runtime adds by itself. */
const ADDED = new Set(['connection', 'date', 'keep-alive', 'vary', 'www-authenticate'])

const DOCUMENT = documentText({ 'instance-id': 'i-checked' })

/** The bytes with one bit of one byte turned. */
const turned = (bytes: Uint8Array, index: number): Uint8Array =>
  bytes.map((byte, at) => (at === index ? byte ^ 1 : byte))

/** A server, and what is known of it. */
export interface CheckedServer {
  readonly load: Pick<Load, 'post'>
  /** What the server has written since the last call. */
  readonly takeOutput: () => string
  /** Its published keys. */
  readonly keys: JSONWebKeySet
  readonly cloud: TestCloud
  /** How long an audit event may come after its answer, in seconds: the pipe may be slower. Default: 5. */
  readonly eventSeconds?: number
}

/**
 * Checks the answers of a server: a good enrollment, and all sorts of bad ones.
 * @throws AssertionError that says which answer is wrong
 */
export const checkServer = async ({
  load,
  takeOutput,
  keys,
  cloud,
  eventSeconds = 5,
}: CheckedServer): Promise<void> => {
  takeOutput()
  let calls = 0
  const post = async (path: string, body: string, status: number): Promise<LoadAnswer> => {
    const answer = await load.post(path, body)
    calls++
    strictEqual(answer.status, status, `${path} answers ${status}: ${answer.text}`)
    const names = Object.keys(answer.headers).filter((name) => !ADDED.has(name))
    deepStrictEqual(names.toSorted(), HEADERS, `${path} answers with these headers`)
    return answer
  }
  const challenge = async (role = 'worker'): Promise<string> => {
    const { text } = await post('/v1/challenge', `role=${role}`, 200)
    const { audience } = JSON.parse(text) as { audience: string }
    match(audience, /^[A-Za-z0-9_-]{64}$/)
    return audience
  }
  const sign = (audience: string): Uint8Array => cloud.sign(withAudience(DOCUMENT, audience))
  const enroll = (message: Uint8Array, status: number, document = DOCUMENT): Promise<LoadAnswer> =>
    post('/v1/enroll', enrollmentBody(document, message), status)

  const message = sign(await challenge())
  const { text } = await enroll(message, 200)
  const { access_token: token } = JSON.parse(text) as { access_token: string }
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys))
  const { 'instance-id': id, instance_id: instanceId = id } = payload['ecs'] as {
    [name: string]: unknown
  }
  strictEqual(instanceId, 'i-checked', 'the token names the instance')

  const other = await challenge()
  const signed = sign(other)
  const content = Buffer.from(signed).indexOf('i-checked')
  ok(content > 0)
  await enroll(turned(signed, content), 401)
  await enroll(turned(signed, signed.length - 1), 401)
  await enroll(signed, 401, documentText({ 'instance-id': 'i-another' }))
  await enroll(sign(`${other.slice(0, -1)}${other.endsWith('A') ? 'B' : 'A'}`), 401)
  await enroll(sign(await challenge('other')), 401)
  await enroll(signed, 200)
  // The same challenge again, for another instance.
  const second = documentText({ 'instance-id': 'i-second' })
  await enroll(cloud.sign(withAudience(second, other)), 401, second)

  let events = ''
  const lines = (): string[] => (events += takeOutput()).split('\n').slice(0, -1)
  await waitUntil(() => lines().length >= calls, {
    seconds: eventSeconds,
    what: 'an audit event for each call',
  })
  strictEqual(lines().length, calls, 'one audit event for each call')
  for (const line of lines()) ok('request_id' in (JSON.parse(line) as object))
}
