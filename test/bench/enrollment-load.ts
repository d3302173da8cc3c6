// Challenges and enrollments for a server, many at a time over connections that stay open. The signatures of
// the cloud are made between the two, so that the server isn't kept waiting by this process.

import { Pool } from 'undici'
import type { TestCloud } from '../support/test-cloud.ts'
import { documentText, withAudience } from '../support/test-cloud.ts'

const AT_ONCE = 32
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const CHALLENGE_BODY = 'role=worker'

/** An answer, with what a client needs of it. */
export interface LoadAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** What loads a server. */
export interface Load {
  /** Posts a form. */
  post(path: string, body: string): Promise<LoadAnswer>
  /** Asks for challenges. */
  challenges(count: number): Promise<string[]>
  /** Signs for each challenge, as a new instance. @returns bodies of enrollments */
  sign(audiences: readonly string[]): string[]
  /** Enrolls. @throws Error if an answer isn't 200 */
  enroll(bodies: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** The body of an enrollment: evidence as a form. */
export const enrollmentBody = (document: string, pkcs7: Uint8Array): string =>
  new URLSearchParams({
    document,
    pkcs7: Buffer.from(pkcs7).toString('base64'),
    role: 'worker',
  }).toString()

/** Does something for each of some items, {@link AT_ONCE} at a time. */
const forEachAtOnce = async <Item>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> => {
  const entries = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of entries) await work(item, index)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** Makes the load of one server. @param origin as `http://HOST:PORT` */
export const createLoad = (origin: string, cloud: TestCloud): Load => {
  const pool = new Pool(origin, { connections: AT_ONCE })
  let instances = 0
  const post = async (path: string, body: string): Promise<LoadAnswer> => {
    const answer = await pool.request({ method: 'POST', path, headers: FORM, body })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: await answer.body.text(),
    }
  }
  const posted = async (path: string, body: string): Promise<string> => {
    const { status, text } = await post(path, body)
    if (status !== 200) throw new Error(`${origin}${path} answered ${status}: ${text}`)
    return text
  }
  return {
    post,
    async challenges(count) {
      const audiences: string[] = []
      await forEachAtOnce(Array.from({ length: count }), async (_, index) => {
        const text = await posted('/v1/challenge', CHALLENGE_BODY)
        audiences[index] = (JSON.parse(text) as { audience: string }).audience
      })
      return audiences
    },
    sign: (audiences) =>
      audiences.map((audience) => {
        const document = documentText({ 'instance-id': `i-${instances++}` })
        return enrollmentBody(document, cloud.sign(withAudience(document, audience)))
      }),
    async enroll(bodies) {
      await forEachAtOnce(bodies, async (body) => void (await posted('/v1/enroll', body)))
    },
    close: () => pool.close(),
  }
}
