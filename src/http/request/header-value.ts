// The value of a header with parameters, `Content-Type` and `Content-Disposition` (RFC 9110 section
// 5.6.6). Read strictly and by one reader, since what the platforms make of odd ones differs.

/** A value and its parameters, names in lower case, in the order in which they stand. */
export interface HeaderValue {
  readonly value: string
  readonly parameters: readonly (readonly [name: string, value: string])[]
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const VALUE = new RegExp(`^[ \\t]*(${TOKEN}(?:/${TOKEN})?)`)
// No backslash in a quoted string: it is escaped by some writers and meant by others.
const PARAMETER = new RegExp(
  `[ \\t]*;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"([\\t !#-\\[\\]-~\\u0080-\\uffff]*)"))?`,
  'y',
)

/** Reads a header's value, or gives `undefined` if it is malformed. */
export const parseHeaderValue = (text: string): HeaderValue | undefined => {
  const [start, value] = VALUE.exec(text) ?? []
  if (start === undefined || value === undefined) return undefined
  const parameters: [string, string][] = []
  let at = start.length
  while (at < text.length) {
    PARAMETER.lastIndex = at
    const [whole, name, token, quoted] = PARAMETER.exec(text) ?? []
    if (whole === undefined) return text.slice(at).trim() === '' ? { value, parameters } : undefined
    if (name !== undefined) parameters.push([name.toLowerCase(), token ?? quoted ?? ''])
    at += whole.length
  }
  return { value, parameters }
}

/** The values of one parameter. */
export const parametersOf = ({ parameters }: HeaderValue, name: string): readonly string[] =>
  parameters.filter(([known]) => known === name).map(([, value]) => value)
