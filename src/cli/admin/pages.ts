// A list of the service, page after page.

import { CommandError, EXIT } from '../exit-status.ts'
import { type PageAnswer } from './answers.ts'
import type { AdminClient } from './client.ts'

/** Which part of a list. */
export interface PagesOptions {
  readonly cursor?: string | undefined
  /** How many a page may have. */
  readonly limit: number
}

/** As many as the service gives on a page if it isn't asked for another number. */
export const DEFAULT_LIMIT = 100
export const MAX_LIMIT = 1000

/** Follows a list to its end. A page can be empty and not the last. */
export async function* pagesOf<Item>(
  client: AdminClient,
  action: 'list' | 'list_bans',
  read: (body: unknown) => PageAnswer<Item>,
  { cursor, limit }: PagesOptions,
): AsyncGenerator<PageAnswer<Item>> {
  let at = cursor
  for (;;) {
    const page = read(await client.call(action, { query: { cursor: at, limit: String(limit) } }))
    yield page
    if (page.cursor === undefined) return
    if (page.cursor === at) {
      throw new CommandError(EXIT.incomplete, 'the list does not go on: its cursor stays the same')
    }
    at = page.cursor
  }
}

/** An error that comes when something was printed already leaves the output incomplete. */
export const midway = (error: unknown): unknown =>
  error instanceof CommandError
    ? new CommandError(EXIT.incomplete, `${error.message}\nWhat was printed is not all`)
    : error
