// Lists of the Kubernetes API, page by page.

import { AnswerTooLongError } from './api-error.ts'
import type { ApiServer } from './api-server.ts'

type Members = Readonly<Record<string, unknown>>

/** The members of a JSON object; none of any other value. */
export const membersOf = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {}

/** One page. */
export interface ListPage {
  readonly items: readonly unknown[]
  readonly metadata: Members
}

/** After a page that is too long: so many times fewer items. */
const SMALLER = 8

/**
 * Reads a list. Anybody who may write objects can make some of them large; then the pages get smaller.
 * @param limit items of a page, at first
 * @throws ApiServerError
 */
export async function* listPages(
  server: ApiServer,
  path: string,
  limit: number,
): AsyncGenerator<ListPage, void, undefined> {
  let count = limit
  for (let at = ''; ;) {
    const query = new URLSearchParams({ limit: String(count), ...(at !== '' && { continue: at }) })
    const page = await server.call('GET', `${path}?${query}`).catch((error: unknown) => {
      if (error instanceof AnswerTooLongError && count > 1) return undefined
      throw error
    })
    if (page === undefined) {
      count = Math.ceil(count / SMALLER)
      continue
    }
    const answer = membersOf(page)
    const { items } = answer
    const metadata = membersOf(answer['metadata'])
    yield { items: Array.isArray(items) ? items : [], metadata }
    const next = metadata['continue']
    if (typeof next !== 'string' || next === '' || next === at) return
    at = next
  }
}
