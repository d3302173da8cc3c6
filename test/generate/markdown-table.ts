// Tables of Markdown that are made from tables of the code, and the places in a page where they stand, as
// examples do.

/** A table, its columns as wide as their longest cell, as prettier formats it. */
export const markdownTable = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string => {
  const lines = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, at) => Math.max(...lines.map((cells) => cells[at]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |`
  const [first = [], ...others] = lines
  return [first, widths.map((width) => '-'.repeat(width)), ...others].map(line).join('\n')
}

/** Everything between `<!-- table: NAME -->` and the next `<!-- end of table -->`; the same for an example. */
const placeOf = (name: string): RegExp =>
  new RegExp(`(<!-- (table|example): ${name} -->\\n\\n)[^]*?(\\n\\n<!-- end of \\2 -->)`)

/**
 * Puts tables into a page.
 * @param tables by the name of their place
 * @throws Error if the page has no such place
 */
export const withTables = (page: string, tables: Readonly<Record<string, string>>): string => {
  let text = page
  for (const [name, table] of Object.entries(tables)) {
    if (!placeOf(name).test(text)) throw new Error(`the page has no place for the table ${name}`)
    text = text.replace(
      placeOf(name),
      (_, before: string, __, after: string) => before + table + after,
    )
  }
  return text
}
