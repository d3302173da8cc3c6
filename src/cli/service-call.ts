// One call of a service, as bootstrap.sh makes them: with a limit on time and size, and no redirect is
// followed, since what is sent is for this service alone.

import { fromUtf8 } from '../base/bytes.ts'
import { type NoAnswer, noAnswer, saidBy } from './no-answer.ts'

/** An answer, whatever its status. */
export interface ServiceAnswer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** What is sent. */
export interface ServiceCall {
  /** Default: a GET. */
  readonly form?: URLSearchParams
  readonly headers?: Readonly<Record<string, string>>
  /** Default: 15. */
  readonly timeoutSeconds?: number
}

const TIMEOUT_SECONDS = 15
const MAX_ANSWER_BYTES = 65_536

/** @returns `undefined` if the body is longer than 64 KiB */
const readText = async ({ body }: Response): Promise<string | undefined> => {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = body?.getReader()
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    chunks.push(part.value)
    length += part.value.length
    if (length > MAX_ANSWER_BYTES) {
      await reader?.cancel().catch(() => undefined)
      return undefined
    }
  }
  return fromUtf8(Buffer.concat(chunks)) ?? ''
}

/** Makes the call. @returns the answer, or why there was none */
export const callService = async (
  url: string,
  { form, headers = {}, timeoutSeconds = TIMEOUT_SECONDS }: ServiceCall = {},
): Promise<ServiceAnswer | NoAnswer> => {
  try {
    const response = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      headers,
      ...(form && { body: form }),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    })
    const text = await readText(response)
    if (text === undefined) return { why: 'the answer is longer than 64 KiB', passes: true }
    return { status: response.status, text, headers: response.headers }
  } catch (error) {
    return noAnswer(error, timeoutSeconds)
  }
}

/** Why an answer isn't the one that was hoped for, in one line. */
export const reasonOf = (answer: ServiceAnswer | NoAnswer): string =>
  'why' in answer ? answer.why : saidBy(answer.status, answer.text)

/** Whether a call may fare better later: no answer, 408, 429 and 5xx. */
export const mayPass = (answer: ServiceAnswer | NoAnswer): boolean =>
  'why' in answer || answer.status === 408 || answer.status === 429 || answer.status >= 500
