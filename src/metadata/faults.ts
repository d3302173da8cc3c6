// What can be made wrong, or merely different, about an emulated metadata service.

/** The faults by name, each with what it does. */
export const FAULTS = {
  'unescaped-audience': 'the audience is put into the signed content as it is, not JSON-escaped',
  'wrong-key': 'another key signs, with a certificate of the same name and serial number',
  certificate: 'the message carries the certificate of the key that signed',
  'signed-attributes': 'attributes are signed: contentType, messageDigest, signingTime',
  sha256: 'signatures are made with SHA-256',
  wrapped: 'the base64 text is wrapped after 76 characters',
  detached: 'the message does not carry the content',
  'not-found:PATH': 'PATH below /latest/, and all below it, answers 404 (api/token too)',
  'slow:MS': 'every answer takes MS milliseconds longer',
} as const

/** Faults, parsed. */
export interface Faults {
  /** Those without a value. */
  readonly flags: ReadonlySet<string>
  /** Whether a path below the version is to answer 404. */
  readonly isMissing: (path: string) => boolean
  readonly slowMs: number
}

/**
 * Reads faults.
 * @throws RangeError for a name that is not known; the message lists those that are
 */
export const parseFaults = (names: readonly string[]): Faults => {
  const flags = new Set<string>()
  const missing: string[] = []
  let slowMs = 0
  for (const name of names) {
    const [, path] = /^not-found:([^/].*?)\/?$/.exec(name) ?? []
    const [, milliseconds] = /^slow:([0-9]{1,6})$/.exec(name) ?? []
    if (Object.hasOwn(FAULTS, name) && !name.includes(':')) flags.add(name)
    else if (path !== undefined) missing.push(path)
    else if (milliseconds !== undefined) slowMs = Number(milliseconds)
    else {
      const known = Object.keys(FAULTS).join(', ')
      throw new RangeError(`faults: expected one of ${known}, got ${name}`)
    }
  }
  const isMissing = (path: string): boolean =>
    missing.some((top) => path === top || path.startsWith(`${top}/`))
  return { flags, isMissing, slowMs }
}
