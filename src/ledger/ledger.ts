// The ledger port: what must be stored so that nothing is accepted twice. Drivers stand beside
// this file, one each. Every operation that changes something touches one key, so that it is atomic
// in any of them. Drivers know nothing of what the entries mean.

/** Something to store. */
export interface LedgerEntry {
  /** What it is about: a kind `[a-z]+`, a colon, a name; at most 512 bytes of UTF-8. */
  readonly key: string
  /** At most 4,096 bytes of UTF-8. */
  readonly value: string
  /**
   * Unix seconds; from then on the entry counts as absent. Stored and compared, never left to the
   * store's own cleaning. Absent: it never expires. An entry that has expired is how one is removed.
   */
  readonly expiresAt?: number | undefined
}

/** What came of a {@link Ledger.compareAndSet}. */
export type Swap = StoredSwap | LostSwap

/** The entry is stored. */
export interface StoredSwap {
  /** Tells the two outcomes apart. */
  readonly stored: true
}

/** Another value was there than the one expected; nothing is stored. */
export interface LostSwap {
  /** Tells the two outcomes apart. */
  readonly stored: false
  /** The value that is there; `undefined` if there is none. */
  readonly value: string | undefined
}

/** An entry of a list. */
export interface ListedEntry {
  /** Its key, kind and name. */
  readonly key: string
  /** Its value. */
  readonly value: string
}

/** A part of a list. */
export interface LedgerPage {
  /** May be fewer than asked for, even none, on a page that is not the last. */
  readonly entries: readonly ListedEntry[]
  /** Where the next page begins; absent on the last one. */
  readonly cursor?: string | undefined
}

/**
 * A store of entries.
 *
 * Every method throws LedgerUnavailableError if the store can't answer within a few seconds, also after
 * it may have stored the entry: refuse, and let the same call be tried again. `now` is in Unix
 * seconds; an entry is alive while `now` is below its `expiresAt`, whatever the store's clock says.
 */
export interface Ledger {
  /**
   * The value that is alive under a key: at least as new as what was acknowledged before the call.
   * @param key a kind `[a-z]+`, a colon, a name
   * @param now Unix seconds
   * @returns the value; `undefined` if no entry is alive
   */
  read(key: string, now: number): Promise<string | undefined>

  /**
   * Stores an entry if what is alive under its key is exactly `expected`; `undefined`: nothing.
   *
   * Atomic: of any number of callers with one key and one expectation, in any number of processes,
   * at most one gets `stored`, and only after the entry is safe; all others get the value that is there.
   * @param entry what to store
   * @param expected the value that must be alive under the key now; `undefined`: none
   * @param now Unix seconds
   */
  compareAndSet(entry: LedgerEntry, expected: string | undefined, now: number): Promise<Swap>

  /**
   * A page of the entries of one kind that are alive, in an order of the store's own. Following
   * the cursors gives each entry that is there from the first page to the last at least once.
   * @param kind the part of the keys before the colon
   * @param page `cursor`: where the page before ended; default: the beginning. `limit`: how many entries a page may
   *   have; a store may give a few more
   * @param now Unix seconds
   * @throws RangeError if the cursor did not come from this ledger
   */
  list(
    kind: string,
    page: { readonly cursor?: string | undefined; readonly limit: number },
    now: number,
  ): Promise<LedgerPage>

  /**
   * Unix seconds: when the ledger began. A challenge or token of an earlier second may have been used before
   * that, so it is refused. It can change at any time (a store is emptied or exchanged): read it each time,
   * and again after the first call of a request. Absent: the ledger has lost nothing.
   */
  readonly remembersSince?: number | undefined
}

/**
 * How long an expired entry is kept, in seconds, where the store removes it by a clock that may be
 * wrong: what one clock takes for expired may still protect by another.
 */
export const KEPT_AFTER_EXPIRY_SECONDS = 600
