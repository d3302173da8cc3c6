// The ledger port: what must be remembered so that nothing is accepted twice. Drivers stand beside
// this file, one each. Every operation touches one key, so that it is atomic in any of them.

/** Something to remember. */
export interface LedgerEntry {
  /** What it is about: a kind, a colon, a name of base64url or plain identifiers. */
  readonly key: string
  readonly value: string
  /** Unix seconds; from then on the entry counts as absent. Stored and compared, never left to the store's own cleaning. */
  readonly expiresAt: number
}

/** A store that remembers. Drivers import nothing of what is remembered. */
export interface Ledger {
  /**
   * Stores an entry unless one that is still alive at `now` has its key.
   *
   * Atomic: of any number of callers with one key, in any number of processes, exactly one is
   * told `undefined`, and only after the entry is safe; all others are told the value that won.
   * @param now Unix seconds
   * @returns `undefined` if this call stored the entry, else the value that was there
   * @throws LedgerUnavailableError if the store can't answer, also after it may have stored the
   *   entry: refuse, and let the same call be tried again
   */
  claim(entry: LedgerEntry, now: number): Promise<string | undefined>

  /**
   * Unix seconds since when the ledger remembers, where its memory ends with its process. A
   * challenge made before could have been spent before, so it is refused. Absent: it remembers all.
   */
  readonly remembersSince?: number
}
