// Lists, a page at a time.

/** A part of a list. */
export interface Page<Item> {
  /** May be fewer than asked for, even none, on a page that is not the last. */
  readonly items: readonly Item[]
  /** Where the next page begins; absent on the last one. */
  readonly cursor: string | undefined
}

/** Which part of a list: from its beginning, or where the page before ended. */
export interface PageRequest {
  readonly cursor?: string | undefined
  readonly limit: number
}
