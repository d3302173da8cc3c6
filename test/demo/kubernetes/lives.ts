// How long something still works, measured; and the table of it.

/**
 * Waits until something works no longer.
 * @param works asked twice a second
 * @returns when it was first refused, in Unix seconds
 * @throws Error if it still works after `limitSeconds`
 */
export const measureEnd = async (
  works: () => Promise<boolean>,
  limitSeconds: number,
): Promise<number> => {
  const started = Date.now()
  while (Date.now() - started < limitSeconds * 1000) {
    // Before the question: it was refused at this time already, or shortly after.
    const asked = Date.now()
    if (!(await works())) return asked / 1000
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  throw new Error(`it still works after ${limitSeconds} s`)
}

/** What lives on, how long it did here, and how long it does in a cluster. */
export type LifeRow = readonly [what: string, here: string, cluster: string]

const HEAD: LifeRow = ['after a ban', 'ended here', 'in a cluster']

/** The lines of a table. */
export const lifeTable = (rows: readonly LifeRow[]): readonly string[] => {
  const all = [HEAD, ...rows]
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')
  return [line(HEAD), widths.map((width) => '-'.repeat(width)).join('-|-'), ...rows.map(line)]
}
