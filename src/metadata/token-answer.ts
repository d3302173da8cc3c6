// Reads the answer to the request for a token: the token, or why there is none. By the
// documentation of the service, 400 is about the TTL and 403 about a proxy. 429 is retried before
// it gets here.

import { fromUtf8 } from '../base/bytes.ts'
import { MetadataError } from './metadata-error.ts'
import type { Answer } from './transport.ts'

const TOKEN = /^[\x21-\x7e]{1,4096}$/
const IS_IT_ECS = 'is this the metadata service of ECS?'

/** Why a token is refused, by status. */
const refusalOf = (status: number, ttlSeconds: number): { detail: string; remedy: string } => {
  if (status === 400) {
    return {
      detail: 'the metadata service gives no token (status 400)',
      remedy: `it refused the TTL of ${ttlSeconds} s; ${IS_IT_ECS}`,
    }
  }
  if (status === 403) {
    return {
      detail: 'the metadata service gives no token (status 403)',
      remedy: 'it refuses what comes through a proxy (X-Forwarded-For): reach it directly',
    }
  }
  return {
    detail: `the metadata service gives no token (status ${status})`,
    remedy: IS_IT_ECS,
  }
}

/** Whether an answer says that the service has no tokens: 404 or 405. */
export const hasNoTokens = ({ status }: Answer): boolean => status === 404 || status === 405

/**
 * The token.
 * @param ttlSeconds the TTL of the request
 * @throws MetadataError `token_refused`, or `unexpected_answer` if the answer is not a token
 */
export const readToken = ({ status, bytes }: Answer, ttlSeconds: number): string => {
  if (status !== 200) {
    const { detail, remedy } = refusalOf(status, ttlSeconds)
    throw new MetadataError(detail, { code: 'token_refused', status, remedy })
  }
  const token = fromUtf8(bytes)?.replace(/\r?\n$/, '') ?? ''
  if (TOKEN.test(token)) return token
  throw new MetadataError('the answer to the request for a token is not a token', {
    code: 'unexpected_answer',
    status,
    remedy: IS_IT_ECS,
  })
}
