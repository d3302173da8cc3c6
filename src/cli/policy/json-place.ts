// Where a text stops being JSON, which parsers tell in words of their own.

/** The line and column, from 1; `undefined` for JSON, or if the parser doesn't say. */
export const jsonPlace = (text: string): string | undefined => {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    const [, position] = /at position ([0-9]+)/.exec((error as Error).message) ?? []
    const at = position === undefined ? text.trimEnd().length : Number(position)
    const before = text.slice(0, at).split('\n')
    return `line ${before.length}, column ${(before.at(-1) as string).length + 1}`
  }
}
