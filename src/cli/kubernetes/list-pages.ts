// Lists of the Kubernetes API, page by page.

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

/** Reads a list. @param limit items of a page @throws ApiServerError */
export async function* listPages(
  server: ApiServer,
  path: string,
  limit: number,
): AsyncGenerator<ListPage, void, undefined> {
  for (let at = ''; ;) {
    const query = new URLSearchParams({ limit: String(limit), ...(at !== '' && { continue: at }) })
    const answer = membersOf(await server.call('GET', `${path}?${query}`))
    const { items } = answer
    const metadata = membersOf(answer['metadata'])
    yield { items: Array.isArray(items) ? items : [], metadata }
    const next = metadata['continue']
    if (typeof next !== 'string' || next === '' || next === at) return
    at = next
  }
}
