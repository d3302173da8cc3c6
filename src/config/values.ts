// The texts of the variables: from the environment or from the files that it names, in UTF-8, without the line
// end that editors and shells put behind them.

import { decodeText, textProblem } from '../base/text.ts'
import { FILE, SERVICE_NAMES, type ServiceName, nameProblem } from './names.ts'

/** Variables by name. Bindings of Workers are not texts. */
export type Environment = Readonly<Record<string, unknown>>

/** Reads a file: its bytes, or its text where the runtime has decoded it. */
export type ReadFile = (path: string) => Promise<Uint8Array | string>

/** A text, or the end of a sentence that says why there is none. */
type Value = { readonly text: string } | { readonly problem: string }

const trimmed = (text: string): Value => {
  const value = text.replace(/[ \t\r\n]+$/, '')
  return value === ''
    ? { problem: 'is empty; set a value, or remove the variable' }
    : { text: value }
}

const readVariable = (value: unknown): Value => {
  if (typeof value !== 'string') return { problem: `is not a text but of type ${typeof value}` }
  const problem = textProblem(value)
  return problem === undefined ? trimmed(value) : { problem }
}

/** Like a path, and like no key or password that somebody has put in the place of one. */
const SHOWN_PATH = /^(?=.*[./])[\w./ -]{1,200}$/

const readFromFile = async (path: unknown, name: string, readFile?: ReadFile): Promise<Value> => {
  if (readFile === undefined) {
    return { problem: `cannot be used, because this runtime has no file system; set ${name}` }
  }
  if (typeof path !== 'string' || path === '') return { problem: 'is not the path of a file' }
  const shown = SHOWN_PATH.test(path) ? path : 'its file'
  const content = await readFile(path).catch(() => undefined)
  if (content === undefined) {
    return { problem: `cannot read ${shown}; check that the file exists and is readable` }
  }
  const problem = typeof content === 'string' ? textProblem(content) : undefined
  const decoded = typeof content === 'string' ? { text: content } : decodeText(content)
  if (problem !== undefined) return { problem: `${shown} ${problem}` }
  if ('problem' in decoded) return { problem: `${shown} ${decoded.problem}` }
  const value = trimmed(decoded.text)
  return 'problem' in value ? { problem: `${shown} is empty` } : value
}

/**
 * Collects the values of the service's variables.
 * @param readFile absent: there is no file system
 * @param problems takes a line for each problem, the variable's name first
 */
export const readValues = async (
  env: Environment,
  readFile: ReadFile | undefined,
  problems: string[],
): Promise<Map<ServiceName, string>> => {
  const values = new Map<ServiceName, string>()
  for (const [name, value] of Object.entries(env)) {
    const problem = nameProblem(name, value)
    if (problem !== undefined) problems.push(problem)
  }
  for (const name of SERVICE_NAMES) {
    const [variable, path] = [env[name], env[name + FILE]]
    if (variable !== undefined && path !== undefined) {
      problems.push(`${name}: is set together with ${name}${FILE}; remove one of them`)
    } else if (variable !== undefined) {
      const value = readVariable(variable)
      if ('text' in value) values.set(name, value.text)
      else problems.push(`${name}: ${value.problem}`)
    } else if (path !== undefined) {
      const value = await readFromFile(path, name, readFile)
      if ('text' in value) values.set(name, value.text)
      else problems.push(`${name}${FILE}: ${value.problem}`)
    }
  }
  return values
}
