// Checks of JSON that people write. A check lists every problem with its path.

/** Gives one line for each problem of a value, `PATH: PROBLEM`; none if the value is valid. */
export type Check = (value: unknown, path: string) => string[]

/** A check of one value by a predicate; `expected` completes the sentence "expected ...". */
export const check =
  (expected: string, isGood: (value: unknown) => boolean): Check =>
  (value, path) =>
    isGood(value) ? [] : [`${path}: expected ${expected}`]

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

export const isInteger = (value: unknown, min: number, max: number): boolean =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max

/** A check of each member of a list. */
export const list =
  (member: Check): Check =>
  (value, path) =>
    Array.isArray(value)
      ? value.flatMap((one, i) => member(one, `${path}[${i}]`))
      : [`${path}: expected a list`]

/** A check of an object: of each member by name. Members that `checks` lacks are refused. */
export const members =
  (checks: Readonly<Record<string, Check>>, required: readonly string[] = []): Check =>
  (value, path) => {
    if (!isObject(value)) return [`${path}: expected an object`]
    const missing = required.filter((name) => !Object.hasOwn(value, name))
    return [
      ...missing.map((name) => `${path}.${name}: is missing`),
      ...Object.entries(value).flatMap(([name, one]) =>
        Object.hasOwn(checks, name)
          ? (checks[name] as Check)(one, `${path}.${name}`)
          : [`${path}.${name}: is not known; known are ${Object.keys(checks).join(', ')}`],
      ),
    ]
  }
