// The path of a database file, checked: SQLite, and Deno KV which is built on it, take some names for a
// database in memory. Such a ledger loses every spent challenge, ban and first enrollment at each start.

/** What SQLite strips or ends a name at, and what nobody means to write. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/

const refuse = (message: string): never => {
  throw new RangeError(message)
}

/**
 * Checks the path of a database file.
 * @returns the path, unchanged
 * @throws RangeError if the path is empty, names a database in memory, is a `file:` URI, or has white space
 *   around it or control characters in it
 */
export const checkDatabasePath = (path: string): string => {
  if (path === '') return refuse('the path is empty; write the path of a file')
  if (path.startsWith('\uFEFF')) {
    return refuse('the path begins with a byte order mark (BOM); save it as UTF-8 without BOM')
  }
  if (path.trim() !== path || CONTROL.test(path)) {
    return refuse('the path has white space around it or a control character in it; remove that')
  }
  if (path.startsWith(':')) {
    return refuse(
      `"${path}" names a database in memory, which is lost when the process ends; ` +
        'write the path of a file, such as /var/lib/rollcall/ledger.db',
    )
  }
  if (/^file:/i.test(path)) {
    return refuse(
      'the path is a file: URI, whose parameters can make it a database in memory; ' +
        'write the plain path of the file',
    )
  }
  return path
}
