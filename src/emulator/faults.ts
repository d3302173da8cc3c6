// Faults and variants of an emulated metadata service.

/**
 * The faults by name, each with what it does. Some values can be followed by a number of answers,
 * and by a path, which includes all paths below it: `error:500x2@dynamic` fails twice.
 */
export const FAULTS = {
  'unescaped-audience': 'the audience is put into the signed content as it is, not JSON-escaped',
  'wrong-key': 'another key signs, with a certificate of the same name and serial number',
  certificate: 'the message carries the certificate of the key that signed',
  'signed-attributes': 'attributes are signed: contentType, messageDigest, signingTime',
  sha256: 'signatures are made with SHA-256',
  wrapped: 'the base64 text is wrapped after 76 characters',
  detached: 'the message does not carry the content',
  'not-found:PATH': 'PATH below /latest/, and all below it, answers 404 (api/token too)',
  'slow:MS': 'every answer takes MS milliseconds longer; slow:MSxN@PATH: N answers, below PATH',
  'error:STATUS': 'every answer is STATUS, 400 to 599; error:STATUSxN@PATH: N answers, below PATH',
  'token-uses:N': 'a token is valid for N reads, and then counts as expired',
} as const

/** Parsed faults. Faults with a number of answers are counted here. */
export interface Faults {
  /** Faults without a value. */
  readonly flags: ReadonlySet<string>
  /** Whether a path below the version is to answer 404. */
  readonly isMissing: (path: string) => boolean
  /**
   * How many milliseconds the next answer to a path takes longer. The path is `undefined` for a
   * request outside any version.
   */
  readonly nextDelayMs: (path?: string) => number
  /** The status that replaces the status of the next answer to a path. */
  readonly nextError: (path?: string) => number | undefined
  /** How many reads a token is valid for. */
  readonly tokenUses: number
}

/** A fault with a value, for a number of answers of a path. */
interface Timed {
  readonly value: number
  readonly path: string | undefined
  left: number
}

const TIMED = /^(slow|error|token-uses):(\d{1,6})(?:x(\d{1,6}))?(?:@([^/].*?)\/?)?$/

const isBelow = (path: string, top: string): boolean => path === top || path.startsWith(`${top}/`)

/**
 * Reads faults.
 * @throws RangeError for an unknown name; the message lists the known ones
 */
export const parseFaults = (names: readonly string[]): Faults => {
  const flags = new Set<string>()
  const missing: string[] = []
  const timed: Record<'slow' | 'error', Timed[]> = { slow: [], error: [] }
  let tokenUses = Number.POSITIVE_INFINITY
  for (const name of names) {
    const [, path] = /^not-found:([^/].*?)\/?$/.exec(name) ?? []
    const [, kind, value, times, at] = TIMED.exec(name) ?? []
    const number = Number(value)
    const fault = { value: number, path: at, left: Number(times ?? Number.POSITIVE_INFINITY) }
    if (Object.hasOwn(FAULTS, name) && !name.includes(':')) flags.add(name)
    else if (path !== undefined) missing.push(path)
    else if (kind === 'slow') timed.slow.push(fault)
    else if (kind === 'error' && number >= 400 && number <= 599) timed.error.push(fault)
    else if (kind === 'token-uses' && times === undefined && at === undefined) tokenUses = number
    else {
      const known = Object.keys(FAULTS).join(', ')
      throw new RangeError(`faults: expected one of ${known}, got ${name}`)
    }
  }

  /**
   * The faults of a kind that apply to this answer. It counts them down.
   */
  const take = (kind: 'slow' | 'error', path?: string): number[] => {
    const hits = timed[kind].filter(
      (fault) =>
        fault.left > 0 &&
        (fault.path === undefined || (path !== undefined && isBelow(path, fault.path))),
    )
    for (const fault of hits) fault.left--
    return hits.map(({ value }) => value)
  }
  return {
    flags,
    tokenUses,
    isMissing: (path) => missing.some((top) => isBelow(path, top)),
    nextDelayMs: (path) => take('slow', path).reduce((sum, value) => sum + value, 0),
    nextError: (path) => take('error', path)[0],
  }
}
