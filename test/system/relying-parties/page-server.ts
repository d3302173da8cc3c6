// The programs of docs/use/ that are servers: a fence that opens with `LANGUAGE server` is a whole program, which listens
// on PORT and knows the issuer by ROLLCALL_ISSUER.

import { readProjectFile } from '../../support/sources.ts'

/** A program of a page. */
export interface PageServer {
  /** Relative to the root. */
  readonly page: string
  /** The language of its fence. */
  readonly language: string
  /** The heading that it stands under. Default: the title of the page. */
  readonly heading?: string
}

/**
 * The text of a program.
 * @param changes what stands there, and what stands there in the test; each must be found
 * @throws Error if the page has no such program, or the program does not have a text that is to be changed
 */
export const pageServer = (
  { page, language, heading }: PageServer,
  changes: Readonly<Record<string, string>> = {},
): string => {
  const text = readProjectFile(page)
  const start = heading === undefined ? 0 : text.indexOf(`\n## ${heading}\n`)
  const [, program] =
    new RegExp(`^\`\`\`${language} server\\n([^]*?)^\`\`\`$`, 'm').exec(text.slice(start)) ?? []
  if (start === -1 || program === undefined) {
    throw new Error(`${page} has no server in ${language} under "${heading ?? 'its title'}"`)
  }
  return Object.entries(changes).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`the server of ${page} does not have: ${from}`)
    return changed.replaceAll(from, to)
  }, program)
}
