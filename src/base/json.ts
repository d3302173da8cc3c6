// JSON from people: `JSON.parse`, but a key given twice is refused instead of the first being lost
// without a word. Never for evidence: that has its own reader. No I/O.

import { type Result, accept, refuse } from './result.ts'

/** A text that is not JSON, or one whose objects have a key twice. */
export type JsonRefusal = 'not_json' | 'duplicate_key'

const STRING_AND_COLON = /"(?:[^"\\]|\\.)*"(\s*:)?/g

/** Without recursion: JSON may be nested as deep as it is long. */
const countKeys = (root: unknown): number => {
  const found = [root]
  let count = 0
  for (const value of found) {
    if (typeof value !== 'object' || value === null) continue
    if (!Array.isArray(value)) count += Object.keys(value).length
    for (const member of Object.values(value)) found.push(member)
  }
  return count
}

/**
 * Parses JSON (RFC 8259) whose objects have unique keys.
 * @returns the value, or what is wrong with the text
 */
export const parseUniqueJson = (text: string): Result<unknown, JsonRefusal> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('not_json')
  }
  // In a text that is JSON, exactly the strings with a colon behind them are keys.
  const keys = [...text.matchAll(STRING_AND_COLON)].filter(([, colon]) => colon)
  return keys.length === countKeys(value) ? accept(value) : refuse('duplicate_key')
}
