// Reads variables by their rows. All problems are reported at once, and none holds a secret.

import { type Environment, readTexts } from './values.ts'
import { nameProblem } from './names.ts'
import { FILE, type RuntimeOptions, type ValuesOf, type Variables, namesOf } from './variable.ts'

/** Checks two variables against each other, by the property that the problem is reported for. */
export type Conflicts<Rows extends Variables> = {
  readonly [Property in keyof Rows]?: (
    values: Partial<ValuesOf<Rows>>,
  ) => string | readonly string[] | undefined
}

/**
 * Reads variables from an environment.
 * @param conflicts problems between variables; each is checked when its variable was set and read
 * @returns the values that were read, and a line for each problem, the variable's name first: problems with names,
 *   then with texts, then with values in the order of the rows. If there is a problem, values may be absent
 */
export const readVariables = async <Rows extends Variables>(
  rows: Rows,
  conflicts: Conflicts<Rows>,
  env: Environment,
  runtime: RuntimeOptions,
): Promise<{ readonly values: Partial<ValuesOf<Rows>>; readonly problems: readonly string[] }> => {
  const known = namesOf(rows)
  const unknown = Object.entries(env).map(([name, value]) => nameProblem(name, value, known))
  const problems = unknown.filter((problem) => problem !== undefined)
  const texts = await readTexts(rows, env, runtime.readFile, problems)

  const values: Record<string, unknown> = {}
  for (const [property, row] of Object.entries(rows)) {
    const { name } = row
    const missing = row.missing(runtime)
    const given = env[name] !== undefined || (row.file && env[name + FILE] !== undefined)
    if ('value' in missing) values[property] = missing.value
    else if (!given) problems.push(`${name}: required; ${missing.hint}`)

    const text = texts.get(name)
    if (text === undefined) continue
    const parsed = await row.parse(text, runtime)
    if (!parsed.ok) {
      problems.push(...parsed.refusal.map((problem) => `${name}: ${problem}`))
      continue
    }
    values[property] = parsed.value
    const conflict = conflicts[property]?.(values as Partial<ValuesOf<Rows>>) ?? []
    problems.push(...[conflict].flat().map((problem) => `${name}: ${problem}`))
  }
  return { values: values as Partial<ValuesOf<Rows>>, problems }
}
