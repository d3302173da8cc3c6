// The texts of the variables: from the environment or from the files that it names, in UTF-8. White space at the
// end is removed, because editors and shells append a line end.

import { type Result, accept, refuse } from '../base/result.ts'
import { checkText, decodeText } from '../base/text.ts'
import { FILE, type ReadFile, type Variables } from './variable.ts'

/** Variables by name. Bindings of Workers are not texts. */
export type Environment = Readonly<Record<string, unknown>>

/** A text; a refusal is the end of a sentence that says why there is no text. */
type Text = Result<string, string>

const trimmed = (text: string, problem: string): Text => {
  const value = text.replace(/[ \t\r\n]+$/, '')
  return value === '' ? refuse(problem) : accept(value)
}

const readVariable = (value: unknown): Text => {
  if (typeof value !== 'string') return refuse(`is not a text but of type ${typeof value}`)
  const text = checkText(value)
  return text.ok ? trimmed(text.value, 'is empty; set a value, or remove the variable') : text
}

/** What a message may show as a path. A key or password in its place must not match. */
const SHOWN_PATH = /^(?=.*[./])[\w./ -]{1,200}$/

const readFromFile = async (path: unknown, name: string, readFile?: ReadFile): Promise<Text> => {
  if (readFile === undefined) {
    return refuse(`cannot be used, because this runtime has no file system; set ${name}`)
  }
  if (typeof path !== 'string' || path === '') return refuse('is not the path of a file')
  const shown = SHOWN_PATH.test(path) ? path : 'its file'
  const content = await readFile(path).catch(() => undefined)
  if (content === undefined) {
    return refuse(`cannot read ${shown}; check that the file exists and is readable`)
  }
  const text = typeof content === 'string' ? checkText(content) : decodeText(content)
  return text.ok ? trimmed(text.value, `${shown} is empty`) : refuse(`${shown} ${text.refusal}`)
}

/**
 * Collects the texts of variables.
 * @param readFile absent: there is no file system
 * @param problems takes a line for each problem, the variable's name first
 * @returns texts that are not empty, by the variable's name
 */
export const readTexts = async (
  rows: Variables,
  env: Environment,
  readFile: ReadFile | undefined,
  problems: string[],
): Promise<ReadonlyMap<string, string>> => {
  const texts = new Map<string, string>()
  for (const { name, file } of Object.values(rows)) {
    const variable = env[name]
    const path = file ? env[name + FILE] : undefined
    if (variable !== undefined && path !== undefined) {
      problems.push(`${name}: is set together with ${name}${FILE}; remove one of them`)
      continue
    }
    if (variable === undefined && path === undefined) continue
    const source = variable === undefined ? name + FILE : name
    const text =
      variable === undefined ? await readFromFile(path, name, readFile) : readVariable(variable)
    if (text.ok) texts.set(name, text.value)
    else problems.push(`${source}: ${text.refusal}`)
  }
  return texts
}
