// Reads one path of the metadata service, and turns each status into a value or an error.

import { type Bytes, fromUtf8 } from '../base/bytes.ts'
import { remedyOf } from './item-paths.ts'
import { MetadataError } from './metadata-error.ts'
import { DEFAULT_BASE_URL, type MetadataClientOptions, readOptions } from './options.ts'
import { encodePath } from './path.ts'
import { createSession } from './session.ts'
import { type Call, createTransport } from './transport.ts'

/** Reads from one metadata service. */
export interface Reader {
  readonly baseUrl: string
  /**
   * Reads a path.
   * @param path below the version, not encoded; empty for the top
   * @param target the request target, with the version and a query. Default: the path below
   * `latest`
   */
  read(path: string, target?: string): Promise<Bytes>
  /** The current token; `undefined` in normal mode. */
  token(): Promise<string | undefined>
}

const TOKEN_HEADER = 'X-aliyun-ecs-metadata-token'
/** An id that every instance has, as in `i-bp13znx0m0me8cq`. */
const INSTANCE_ID_TARGET = '/latest/meta-data/instance-id'
const INSTANCE_ID = /^[a-z]{1,8}-[\w-]{1,100}\r?\n?$/

/** Makes a reader. @throws RangeError for an invalid option */
export const createReader = (options: MetadataClientOptions): Reader => {
  const { mode, ...reach } = readOptions(options)
  const { baseUrl } = reach
  const transport = createTransport(reach)
  /** Whether the server has answered with a status other than 404 and 405. */
  let isKnown = false

  const send = async (call: Call) => {
    const answer = await transport(call)
    if (answer.status !== 404 && answer.status !== 405) isKnown = true
    return answer
  }

  const foreign = (path?: string): MetadataError =>
    new MetadataError(`${baseUrl} is not the metadata service: it answers 404 to everything`, {
      code: 'foreign_answer',
      path,
      status: 404,
      remedy:
        baseUrl === DEFAULT_BASE_URL
          ? 'is this an ECS instance in a VPC?'
          : `check the address: ECS has it at ${DEFAULT_BASE_URL}`,
    })

  const answersPlainly = async (): Promise<boolean> => {
    const { status, bytes } = await send({ target: INSTANCE_ID_TARGET })
    return status === 200 && INSTANCE_ID.test(fromUtf8(bytes) ?? '')
  }

  const session = createSession({ send, mode, timing: reach.timing, answersPlainly, foreign })

  /**
   * Sends a GET with the current token. If the service rejects the token, sends it once more with a
   * new one.
   */
  const request = async (target: string) => {
    const attempt = async (token: string | undefined) => ({
      token,
      answer: await send({ target, headers: token === undefined ? {} : { [TOKEN_HEADER]: token } }),
    })
    const isRefused = (status: number): boolean => status === 401 || status === 403
    const first = await attempt(await session.token())
    if (!isRefused(first.answer.status)) return first.answer
    return (await attempt(await session.token({ token: first.token }))).answer
  }

  return {
    baseUrl,
    token: () => session.token(),
    async read(path, target = `/latest/${encodePath(path)}`) {
      const { status, bytes } = await request(target)
      if (status === 200) return bytes
      const name = path === '' ? '/' : path
      if (status === 404) {
        if (!isKnown && !(await answersPlainly())) throw foreign(path)
        const details = { code: 'not_found', path, status, remedy: remedyOf(path) } as const
        throw new MetadataError(`${name} is not set (status 404)`, details)
      }
      if (status === 401) {
        throw new MetadataError(
          `the metadata service rejected a new token for ${name} (status 401)`,
          {
            code: 'token_refused',
            path,
            status,
            remedy: 'check that no proxy changes or drops the header X-aliyun-ecs-metadata-token',
          },
        )
      }
      if (status === 403) {
        throw new MetadataError(
          `the metadata service refused ${name} although a token was sent (status 403)`,
          {
            code: 'token_refused',
            path,
            status,
            remedy: 'is there a proxy in between? Call the service directly',
          },
        )
      }
      throw new MetadataError(`the metadata service answered ${name} with status ${status}`, {
        code: 'unexpected_answer',
        path,
        status,
        remedy: 'is this the metadata service of ECS?',
      })
    },
  }
}
