// The file that describes the instances of an emulator: `{"instances": [...]}`, in JSON.

import { readFile } from 'node:fs/promises'
import { parseUniqueJson } from '../codec/json.ts'
import { ConfigurationError } from '../errors.ts'
import { type InstanceDescription, parseInstanceDescriptions } from '../metadata/index.ts'

/**
 * Reads descriptions.
 * @throws ConfigurationError with one line for each thing to mend; the error of reading
 */
export const readInstanceDescriptions = async (
  path: string,
): Promise<readonly InstanceDescription[]> => {
  const parsed = parseUniqueJson(await readFile(path, 'utf8'))
  if ('problem' in parsed) {
    const what = parsed.problem === 'not_json' ? 'it is not JSON' : 'a key occurs twice'
    throw new ConfigurationError([`${path}: ${what}`])
  }
  const { value } = parsed
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const names = isObject ? Object.keys(value as object) : []
  if (names.join() !== 'instances') {
    throw new ConfigurationError([`${path}: expected {"instances": [...]} and nothing else`])
  }
  return parseInstanceDescriptions((value as { readonly instances: unknown }).instances)
}
