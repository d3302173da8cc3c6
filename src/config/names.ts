// The names of environment variables: the problem with a name that neither the service nor its clients read.

import { FILE } from './variable.ts'

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

const PREFIX = 'ROLLCALL_'

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

/** The known name that is closest to a wrong one, if any is close. */
const nearest = (name: string, known: readonly string[]): string | undefined => {
  const own = name.slice(PREFIX.length)
  if (known.includes(own)) return own
  // `NAME_FILE` of a variable that cannot be in a file.
  const variable = name.endsWith(FILE) ? name.slice(0, -FILE.length) : name
  if (known.includes(variable)) return variable
  const [best] = known
    .map((other) => ({
      other,
      changes: distance(name, other),
      contains: own.length >= MIN_PART_LENGTH && other.includes(own),
    }))
    .filter(({ changes, contains }) => contains || changes <= Math.max(2, own.length / 4))
    .toSorted((a, b) => a.changes - b.changes)
  return best?.other
}

/** Kubernetes puts these into every pod beside a Service named `rollcall`. */
const isServiceLink = (name: string, value: unknown): boolean =>
  /^ROLLCALL_(?:SERVICE_|PORT_)/.test(name) ||
  (name === 'ROLLCALL_PORT' && typeof value === 'string' && value.startsWith('tcp://'))

/**
 * The problem with a name that begins with `ROLLCALL_`.
 * @param service the names that the service reads
 * @returns `undefined` if the name is known, or is not ours
 */
export const nameProblem = (
  name: string,
  value: unknown,
  service: readonly string[],
): string | undefined => {
  if (!name.startsWith(PREFIX)) return undefined
  const known = [...service, ...CLIENT_NAMES]
  if (known.includes(name)) return undefined
  if (isServiceLink(name, value)) {
    return `${name}: unknown name; if Kubernetes sets it, add enableServiceLinks: false to the pod`
  }
  const meant = nearest(name, known)
  return `${name}: unknown name; ${meant === undefined ? 'remove it' : `did you mean ${meant}?`}`
}
