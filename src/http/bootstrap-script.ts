// `GET /bootstrap.sh`: the client of this service in POSIX shell, for instances that have curl and
// the coreutils, or busybox, and nothing else. The script itself is `bootstrap.sh`. It is safe to
// pipe into `sh`: all its code is in functions, and its last line calls the first of them. A
// download that breaks off therefore does nothing.

import { BOOTSTRAP_TEXT } from './bootstrap-text.ts'

/** The values that are written into the script. */
export interface BootstrapScriptOptions {
  /** The service that the script enrolls at, and whose challenges it accepts. */
  readonly issuer: string
  /** The role that it asks for by default; already checked against the role pattern. */
  readonly role?: string | undefined
}

const PLACEHOLDER = /'@(ISSUER|ROLE)@'/g

/** A shell word in single quotes, in which no character has a special meaning. */
const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** The script for one service. The only value of a request in it is the role. */
export const bootstrapScript = ({ issuer, role = '' }: BootstrapScriptOptions): string =>
  // A function: in a replacement text, `$&` would have a meaning.
  BOOTSTRAP_TEXT.replace(PLACEHOLDER, (_, name) => quote(name === 'ISSUER' ? issuer : role))
