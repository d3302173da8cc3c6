// The names of environment variables: those of the service, those of its clients, and what is said of a name
// that is neither.

/** The variables that the service reads. All of them can be set as `NAME_FILE` where there are files. */
export const SERVICE_NAMES = [
  'ROLLCALL_ISSUER',
  'ROLLCALL_SIGNING_KEYS',
  'ROLLCALL_POLICY',
  'ROLLCALL_TRUST_ANCHORS',
  'ROLLCALL_LEDGER',
  'ROLLCALL_CHALLENGE_LIFETIME_SECONDS',
  'ROLLCALL_CHALLENGE_KEYS',
  'ROLLCALL_ALLOW_SHA1',
  'ROLLCALL_ADMIN_KEYS',
  'PORT',
  'HOST',
] as const

/** The name of a variable of the service. */
export type ServiceName = (typeof SERVICE_NAMES)[number]

/**
 * The variables that only bootstrap.sh and the command `rollcall` read. The service ignores them, so that one
 * environment can serve both.
 */
export const CLIENT_NAMES = [
  'ROLLCALL_ROLE',
  'ROLLCALL_RESOURCE',
  'ROLLCALL_TOKEN_FILE',
  'ROLLCALL_METADATA_URL',
  'ROLLCALL_METADATA_MODE',
  'ROLLCALL_ATTEMPTS',
  'ROLLCALL_ADMIN_KEY_FILE',
] as const

/** What is appended to a name whose value is in a file. */
export const FILE = '_FILE'

const PREFIX = 'ROLLCALL_'
const KNOWN: readonly string[] = [
  ...SERVICE_NAMES,
  ...SERVICE_NAMES.map((name) => name + FILE),
  ...CLIENT_NAMES,
]

/** How many characters have to be added, removed or replaced to make one text from the other. */
const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (const [at, character] of [...from].entries()) {
    const next = [at + 1]
    for (let i = 0; i < to.length; i++) {
      const replaced = (row[i] as number) + (character === to[i] ? 0 : 1)
      next.push(Math.min(replaced, (row[i + 1] as number) + 1, (next[i] as number) + 1))
    }
    row = next
  }
  return row[to.length] as number
}

const MIN_PART_LENGTH = 4

/** The known name that somebody most likely meant, if any is close. */
const nearest = (name: string): string | undefined => {
  const own = name.slice(PREFIX.length)
  if (own === 'PORT' || own === 'HOST') return own
  const [best] = KNOWN.map((known) => ({
    known,
    changes: distance(name, known),
    contains: own.length >= MIN_PART_LENGTH && known.includes(own),
  }))
    .filter(({ changes, contains }) => contains || changes <= Math.max(2, own.length / 4))
    .toSorted((a, b) => a.changes - b.changes)
  return best?.known
}

/** Kubernetes puts these into every pod beside a Service named `rollcall`. */
const isServiceLink = (name: string, value: unknown): boolean =>
  /^ROLLCALL_(?:SERVICE_|PORT_)/.test(name) ||
  (name === 'ROLLCALL_PORT' && typeof value === 'string' && value.startsWith('tcp://'))

/** The problem with a name that begins with `ROLLCALL_`; `undefined` if it is known. */
export const nameProblem = (name: string, value: unknown): string | undefined => {
  if (!name.startsWith(PREFIX) || KNOWN.includes(name)) return undefined
  if (isServiceLink(name, value)) {
    return `${name}: unknown name; if Kubernetes sets it, add enableServiceLinks: false to the pod`
  }
  const meant = nearest(name)
  return `${name}: unknown name; ${meant === undefined ? 'remove it' : `did you mean ${meant}?`}`
}
