// The variables of a service that its ledger's commands read: the same names, each also as NAME_FILE.

import { fromUtf8 } from '../../base/bytes.ts'
import { usageError } from '../command-error.ts'
import { readNamedBytes } from '../named-file.ts'
import { thisRun } from '../run.ts'

const BOM = '\uFEFF'

/**
 * Reads a variable of the service.
 * @returns its text, without white space around it
 * @throws CommandError if it is not set, set twice, or its file can't be read; never with its value
 */
export const readVariable = async (name: string): Promise<string> => {
  const { env } = thisRun()
  const [value, path] = [env[name], env[`${name}_FILE`]]
  if (value !== undefined && path !== undefined) {
    throw usageError(`${name} is set together with ${name}_FILE; keep one of them`)
  }
  if (value === undefined && path === undefined) {
    throw usageError(`${name} is not set; set it as the service has it`)
  }
  const text = value ?? fromUtf8(await readNamedBytes(String(path), `${name}_FILE`))
  if (text === undefined) throw usageError(`${name}_FILE: the file is not UTF-8 text`)
  if (text.startsWith(BOM)) {
    throw usageError(`${name} begins with a byte order mark (BOM); save it as UTF-8 without BOM`)
  }
  const trimmed = text.trim()
  if (trimmed === '') throw usageError(`${name} is empty; set it as the service has it`)
  return trimmed
}
