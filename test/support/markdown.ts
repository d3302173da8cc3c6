// Tables of README files.

/**
 * The rows of the first table whose first column has this heading, without code marks.
 * @returns one list of cells for each row; the heading is left out
 */
export const tableRows = (markdown: string, firstColumn: string): string[][] => {
  const [, table = ''] = markdown.split(
    new RegExp(`^\\| ${firstColumn} +\\|.*\\n\\|[ -|]+\\n`, 'm'),
  )
  const [rows = ''] = table.split('\n\n')
  return rows
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
}

/** The files that the table of a README's code names. */
export const filesInTable = (markdown: string): string[] =>
  tableRows(markdown, 'file').flatMap(([names = '']) => names.split(', '))

/** A table. Cells are as they are written. */
export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Every table of a text. */
export const everyTable = (markdown: string): Table[] =>
  [...markdown.matchAll(/^\|.*(?:\n\|.*)+/gm)].map(([text]) => {
    const [head = [], , ...rows] = text.split('\n').map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    )
    return { head, rows }
  })
