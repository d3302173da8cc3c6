// Fences of a page by the words behind their language, such as the configurations that tests start as they are printed.

import { readProjectFile } from './sources.ts'

/**
 * The one fence of a page that opens with these words, such as `nginx server`.
 * @throws Error if there is not exactly one
 */
export const pageFence = (page: string, opening: string): string => {
  const fences = [...readProjectFile(page).matchAll(/^```([^\n]+)\n([^]*?)^```$/gm)]
  const found = fences.filter(([, info]) => info === opening)
  const [, , text] = found[0] ?? []
  if (text === undefined || found.length > 1) {
    throw new Error(`${page} has ${found.length} fences that open with ${opening}`)
  }
  return text
}

/**
 * Replaces texts; a text or pattern may be there several times.
 * @throws Error if one of them is not there, so that a page cannot drift from its test
 */
export const replaceAll = (
  text: string,
  replacements: readonly (readonly [printed: string | RegExp, real: string])[],
): string => {
  let replaced = text
  for (const [printed, real] of replacements) {
    const parts = replaced.split(printed)
    if (parts.length < 2) throw new Error(`the fence does not have ${printed}`)
    replaced = parts.join(real)
  }
  return replaced
}
