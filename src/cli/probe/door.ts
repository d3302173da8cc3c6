// The door: the relying party that is probed. It is shown one token at a time, and only its status counts.

import { limited } from '../../base/timing.ts'
import { noAnswer } from '../../client/no-answer.ts'
import type { Fetch } from '../../client/index.ts'
import { thisRun } from '../run.ts'

/** What stands for the token in a header or in a body. */
export const TOKEN_PLACE = '{token}'

/** Where most doors read the token. */
export const DEFAULT_HEADERS: Door['headers'] = [['Authorization', `Bearer ${TOKEN_PLACE}`]]

/** How a token is shown. */
export interface Door {
  readonly url: string
  /** Its origin and path, for people: a query may hold a secret. */
  readonly shown: string
  readonly method: string
  /** Names and values; `{token}` in a value stands for the token. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** With `{token}`. Default: no body. */
  readonly body?: string | undefined
  /** Default: the platform's. */
  readonly fetch?: Fetch | undefined
}

/** What the door answered; `failure` if it did not, and `remedy`: what to do about that. */
export type DoorAnswer =
  { readonly status: number } | { readonly failure: string; readonly remedy: string }

const SECONDS = 10

/** Without a token, what would have it is left out. */
const filled = (text: string, token: string | undefined): string | undefined => {
  if (!text.includes(TOKEN_PLACE)) return text
  return token === undefined ? undefined : text.replaceAll(TOKEN_PLACE, token)
}

/**
 * Shows a token to the door. It follows no redirect, so that no token goes to another host, and reads no body.
 * @param token default: none
 */
export const showToken = async (door: Door, token: string | undefined): Promise<DoorAnswer> => {
  const { url, method, headers, body, fetch: call = fetch } = door
  const { signal, timing } = thisRun()
  const shown = headers.flatMap(([name, value]): [string, string][] => {
    const text = filled(value, token)
    return text === undefined ? [] : [[name, text]]
  })
  const text = body === undefined ? undefined : filled(body, token)
  try {
    return await limited({ seconds: SECONDS, signal }, async (stopped) => {
      const answer = await call(url, {
        method,
        headers: shown,
        redirect: 'manual',
        signal: stopped,
        ...(text !== undefined && { body: text }),
      })
      void answer.body?.cancel().catch(() => undefined)
      return { status: answer.status }
    })
  } catch (error) {
    signal.throwIfAborted()
    const { detail, remedy } = noAnswer(error, { url, timeoutSeconds: SECONDS, now: timing.now() })
    return { failure: detail, remedy }
  }
}
