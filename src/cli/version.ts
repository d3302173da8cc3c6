// The version of the command: from the package that it is a part of, or built into the bundle that
// stands alone.

import { readFileSync } from 'node:fs'

declare const ROLLCALL_VERSION: string | undefined

/** The version. */
export const commandVersion = (): string => {
  if (typeof ROLLCALL_VERSION === 'string') return ROLLCALL_VERSION
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}
