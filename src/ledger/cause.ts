// Why a store failed, as a line for the operator. The text comes from a runtime or a client, so it is taken apart:
// nothing that could be a key, a value or a secret is shown.

const MAX_CHARACTERS = 200

/** C0, DEL, C1, and what turns or hides text on a terminal. */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** What is cut out, and what stands in its place. */
const HIDDEN: readonly (readonly [RegExp, string])[] = [
  // Errors of JSON readers quote what they read.
  [/(["'`])[^]*\1/g, '[text]'],
  [/[{[][^]*[}\]]/g, '[text]'],
  [/\b(?:challenge|instance|ban|revoked|operator|proof|ledger):\S+/g, '[key]'],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/]*@/gi, '$1'],
  [/[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9_-]+)*/g, '[text]'],
]

/** What Durable Objects say of their errors. https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
const FLAGS = ['overloaded', 'retryable', 'remote'] as const

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * Describes the cause of an error.
 * @returns at most 200 characters and the flags of Durable Objects, on one line; empty if there is no cause
 */
export const describeCause = (cause: unknown): string => {
  if (typeof cause !== 'object' || cause === null) return ''
  const { message } = cause as { readonly message?: unknown }
  let text = typeof message === 'string' ? message.slice(0, 4 * MAX_CHARACTERS) : ''
  for (const [pattern, instead] of HIDDEN) text = text.replaceAll(pattern, instead)
  const shown = text.replaceAll(UNSAFE, escaped).slice(0, MAX_CHARACTERS)
  const flags = FLAGS.filter((flag) => (cause as Readonly<Record<string, unknown>>)[flag] === true)
  return [shown, flags.length > 0 ? `(${flags.join(', ')})` : ''].filter(Boolean).join(' ')
}
