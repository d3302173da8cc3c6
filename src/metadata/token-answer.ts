// What the answer to the request for a token means: the token, or why there is none. Statuses as the documentation
// of the service has them: 400 for the TTL, 403 behind a proxy; 429 is tried again before it comes here.

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
 * @param ttlSeconds what was asked for
 * @throws MetadataError `token_refused`, or `unexpected_answer` for what is no token
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
