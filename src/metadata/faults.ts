// What can be made wrong, or merely different, about an emulated metadata service.

/** The faults by name, each with what it does. */
export const FAULTS = {
  'unescaped-audience': 'the audience is put into the signed content as it is, not JSON-escaped',
  'wrong-key': 'signatures are made with another key than that of the certificate',
  certificate: 'the message carries the certificate',
  'signed-attributes': 'the message carries signed attributes',
  sha256: 'signatures are made with SHA-256',
  wrapped: 'the base64 text is wrapped after 76 characters',
  detached: 'the message does not carry the content',
  'not-found:PATH': 'PATH below /latest/, and all below it, answers 404',
  'slow:MS': 'every answer takes MS milliseconds longer',
} as const

/** Faults, parsed. */
export interface Faults {
  /** Those without a value. */
  readonly flags: ReadonlySet<string>
  readonly notFound: readonly string[]
  readonly slowMs: number
}

/**
 * Reads faults.
 * @throws RangeError for a name that is not known; the message lists those that are
 */
export const parseFaults = (names: readonly string[]): Faults => {
  const flags = new Set<string>()
  const notFound: string[] = []
  let slowMs = 0
  for (const name of names) {
    if (Object.hasOwn(FAULTS, name) && !name.includes(':')) flags.add(name)
    else if (/^not-found:./.test(name)) notFound.push(name.slice('not-found:'.length))
    else if (/^slow:[0-9]{1,6}$/.test(name)) slowMs = Number(name.slice('slow:'.length))
    else
      throw new RangeError(`fault ${name} is not known; expected ${Object.keys(FAULTS).join(', ')}`)
  }
  return { flags, notFound, slowMs }
}
