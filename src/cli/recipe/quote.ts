// Writes values into the formats of recipes. Each function escapes what its format can escape and refuses the rest.
// Values have no control characters: `fill.ts` refuses them. Texts in comments need no more than that.

import { usageError } from '../command-error.ts'

/** Refuses characters that a format has no escape for. @throws CommandError */
const refuse = (value: string, pattern: RegExp, format: string): void => {
  const [found] = pattern.exec(value) ?? []
  if (found === undefined) return
  throw usageError(`${JSON.stringify(value)} has ${found}, which ${format} cannot hold as text`)
}

/** A word that needs no quotes in any format here: URLs without a query, paths, names. */
const PLAIN = /^[A-Za-z0-9/._][A-Za-z0-9/.:_@+,-]*$/

/** A text in double quotes, with a backslash before quotes and backslashes: JSON, YAML, Python, Go, Lua. */
export const quoted = (value: string): string => JSON.stringify(value)

/** A list of scalars over several lines, as `JSON.stringify` writes it. */
const SCALARS = /\[\n((?: *(?:"(?:[^"\\]|\\.)*"|[0-9]+|true|false),?\n)+) *\]/g
const WIDTH = 80

/** A JSON document of two spaces, short lists on one line, with a line break at its end. */
export const jsonFile = (value: unknown): string => {
  const text = JSON.stringify(value, null, 2).replaceAll(SCALARS, (list, lines: string) => {
    const line = `[${lines.trim().replaceAll(/\n */g, ' ')}]`
    return line.length <= WIDTH ? line : list
  })
  return `${text}\n`
}

/** A YAML scalar: plain if no YAML reader could take it for something else. */
export const yaml = (value: string): string =>
  /^(?:[a-z][a-z-]*|[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+|https:\/\/[a-z0-9.:-]+[a-z0-9])$/.test(
    value,
  ) && !/^(?:true|false|yes|no|on|off|y|n|null)$/.test(value)
    ? value
    : quoted(value)

/** A text in single quotes of JavaScript. */
export const js = (value: string): string => `'${value.replaceAll(/['\\]/g, String.raw`\$&`)}'`

/** A list of such texts. */
export const jsList = (values: readonly string[]): string => `[${values.map(js).join(', ')}]`

/**
 * A word of Apache, whose `Require` reads it a second time as an expression: `${`, `%{` and `$1` are variables there,
 * and a quote, or a backslash before the end, ends it. With `$1`, mod_auth_openidc compared with an empty text.
 * @throws CommandError
 */
export const apache = (value: string): string => {
  refuse(value, /"|[$%]\{|\$[0-9]|\\$/, 'Apache')
  return PLAIN.test(value) ? value : quoted(value)
}

/** A text in single quotes of HAProxy, which have no escapes at all. @throws CommandError */
export const haproxy = (value: string): string => {
  refuse(value, /'/, 'HAProxy')
  return `'${value}'`
}

/** A word of a POSIX shell. */
export const sh = (value: string): string =>
  PLAIN.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`

/** A parameter of a URL's query: only letters, digits and `-._~` stay. */
export const query = (value: string): string =>
  encodeURIComponent(value).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** A text in a regular expression that matches it alone. */
export const regex = (value: string): string =>
  value.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
