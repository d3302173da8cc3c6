// Finds where a text stops being JSON (RFC 8259), or repeats a key. Parsers word this differently,
// or do not report it.

const SPACE = /[ \t\r\n]*/y
const TOKEN =
  // oxlint-disable-next-line no-control-regex -- a string must not contain any of them
  /[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y

/** What may come next. */
type Expected = 'value' | 'first item' | 'key' | 'first key' | 'colon' | 'more' | 'nothing'

const matchAt = (pattern: RegExp, text: string, at: number): string => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

/** What may come after a token, or `undefined` if the token may not come. */
const step = (expected: Expected, token: string, open: string[]): Expected | undefined => {
  const afterValue = (): Expected => (open.length === 0 ? 'nothing' : 'more')
  const close = (): Expected => {
    open.pop()
    return afterValue()
  }
  const isString = token.startsWith('"')
  if (token === '' || expected === 'nothing') return undefined
  if (expected === 'colon') return token === ':' ? 'value' : undefined
  if (expected === 'key' || expected === 'first key') {
    if (isString) return 'colon'
    return token === '}' && expected === 'first key' ? close() : undefined
  }
  if (expected === 'more') {
    if (token === ',') return open.at(-1) === '{' ? 'key' : 'value'
    return token === (open.at(-1) === '{' ? '}' : ']') ? close() : undefined
  }
  if (token === ']') return expected === 'first item' ? close() : undefined
  if (token === '{' || token === '[') {
    open.push(token)
    return token === '{' ? 'first key' : 'first item'
  }
  return ['}', ',', ':'].includes(token) ? undefined : afterValue()
}

/** A token of JSON, and where it begins, from 0. */
interface Token {
  readonly token: string
  readonly at: number
  readonly isKey: boolean
}

/** Reads the tokens of a text. @returns where it stops being JSON, from 0; `undefined` for JSON */
function* readTokens(text: string): Generator<Token, number | undefined, undefined> {
  const open: string[] = []
  let expected: Expected = 'value'
  let at = 0
  for (;;) {
    at += matchAt(SPACE, text, at).length
    if (at === text.length && expected === 'nothing') return undefined
    const token = matchAt(TOKEN, text, at)
    const next = step(expected, token, open)
    if (next === undefined) return at
    yield { token, at, isKey: next === 'colon' }
    expected = next
    at += token.length
  }
}

const placeOf = (text: string, at: number): string => {
  const before = text.slice(0, at).split('\n')
  return `line ${before.length}, column ${(before.at(-1) as string).length + 1}`
}

/** The line and column, from 1, where a text stops being JSON; `undefined` for JSON. */
export const jsonPlace = (text: string): string | undefined => {
  const tokens = readTokens(text)
  for (;;) {
    const { done, value } = tokens.next()
    if (done) return value === undefined ? undefined : placeOf(text, value)
  }
}

/**
 * The first key that occurs twice in its object, quoted, and its place; `undefined` if there is
 * none.
 */
export const repeatedKey = (
  text: string,
): { readonly key: string; readonly place: string } | undefined => {
  const objects: Set<string>[] = []
  for (const { token, at, isKey } of readTokens(text)) {
    if (token === '{') objects.push(new Set())
    if (token === '}') objects.pop()
    if (!isKey) continue
    // An escape is another spelling of the same key.
    const key = JSON.stringify(JSON.parse(token))
    const keys = objects.at(-1)
    if (keys?.has(key)) return { key, place: placeOf(text, at) }
    keys?.add(key)
  }
  return undefined
}
