// The file that describes the instances of an emulator: `{"instances": [...]}`, in JSON, or the same in YAML
// where the file's name says so.

import { parseUniqueJson } from '../base/json.ts'
import { ConfigurationError } from '../base/errors.ts'
import { type InstanceDescription, parseInstanceDescriptions } from '../emulator/index.ts'
import { readNamedFile } from './named-file.ts'

/** The value of a text, or what is wrong with the text. */
type Parsed = { readonly value: unknown } | { readonly wrong: string }

const parseJson = (text: string): Parsed => {
  const parsed = parseUniqueJson(text)
  if (parsed.ok) return parsed
  return { wrong: parsed.refusal === 'not_json' ? 'it is not JSON' : 'a key occurs twice' }
}

const parseYaml = async (text: string): Promise<Parsed> => {
  const { parseDocument } = await import('yaml')
  const document = parseDocument(text, { logLevel: 'silent' })
  const [error] = [...document.errors, ...document.warnings]
  // Only the first line: the following lines show parts of the text.
  return error ? { wrong: String(error.message.split('\n')[0]) } : { value: document.toJS() }
}

/**
 * Reads descriptions.
 * @throws ConfigurationError with one line for each problem; CommandError if the file can't be read
 */
export const readInstanceDescriptions = async (
  path: string,
): Promise<readonly InstanceDescription[]> => {
  const text = await readNamedFile(path, '--describe')
  const parsed = /\.ya?ml$/i.test(path) ? await parseYaml(text) : parseJson(text)
  if ('wrong' in parsed) throw new ConfigurationError([`${path}: ${parsed.wrong}`])
  const { value } = parsed
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const names = isObject ? Object.keys(value as object) : []
  if (names.join() !== 'instances') {
    throw new ConfigurationError([`${path}: expected {"instances": [...]} and nothing else`])
  }
  return parseInstanceDescriptions((value as { readonly instances: unknown }).instances)
}
