// What an answer of the door means.

import type { DoorAnswer } from './door.ts'

/** Which statuses mean what. */
export interface Statuses {
  /** Default: 200 to 299. */
  readonly admitted?: readonly number[] | undefined
  /** Default: 400, 401 and 403, and redirects, which are to a login page. */
  readonly refused?: readonly number[] | undefined
}

/** What became of a token. `unclear`: the answer says neither, as 404 and 502 do. */
export type Outcome = 'refused' | 'admitted' | 'unclear'

const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403])

/** Judges an answer. */
export const judge = (answer: DoorAnswer, { admitted, refused }: Statuses): Outcome => {
  if ('failure' in answer) return 'unclear'
  const { status } = answer
  if (admitted?.includes(status) ?? (status >= 200 && status < 300)) return 'admitted'
  const isRefusal =
    refused?.includes(status) ?? (REFUSALS.has(status) || (status >= 300 && status < 400))
  return isRefusal ? 'refused' : 'unclear'
}

/** An answer in a few characters: the status, or why there was none. */
export const answerText = (answer: DoorAnswer): string =>
  'failure' in answer ? answer.failure : String(answer.status)
