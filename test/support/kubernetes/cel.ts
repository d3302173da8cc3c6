// Expressions of CEL, evaluated by two libraries that share no code. Where they differ, the expression does not mean
// one thing, and the test fails.

import {
  type CelFunc,
  type CelInput,
  celEnv,
  isCelError,
  isCelList,
  isCelMap,
  parse,
  plan,
} from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import { Environment } from '@marcbachmann/cel-js'

/** A JSON value. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** What an expression gives: a JSON value, or that it fails. */
export type Outcome = { readonly value: unknown } | { readonly failed: string }

/** The variables of an API server: `claims` is anything by name, `user` is `kubernetes.UserInfo`. */
const ENVIRONMENTS = {
  claims: new Environment().registerVariable('claims', 'map<string, dyn>'),
  user: new Environment().registerVariable({
    name: 'user',
    schema: {
      username: 'string',
      uid: 'string',
      groups: 'list<string>',
      extra: 'map<string, list<string>>',
    },
  }),
}

/** The name of a variable. */
export type Variable = keyof typeof ENVIRONMENTS

/** Whole numbers are `int` in CEL, and BigInt in both libraries; others are `double`. Objects are maps. */
const toCel = (value: Json): CelInput => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(toCel)
  if (typeof value !== 'object' || value === null) return value as string | boolean | null
  return new Map(Object.entries(value).map(([name, it]) => [name, toCel(it)]))
}

const toJson = (value: unknown): unknown => {
  if (typeof value === 'bigint') return Number(value)
  if (isCelList(value)) return [...value].map(toJson)
  if (isCelMap(value))
    return Object.fromEntries([...value].map(([k, it]) => [String(k), toJson(it)]))
  return Array.isArray(value) ? value.map(toJson) : value
}

const messageOf = (error: unknown): string => String((error as Error).message.split('\n')[0])

const byFirst = (expression: string, variable: Variable): Evaluate => {
  const evaluateIt = ENVIRONMENTS[variable].parse(expression)
  return (value) => {
    try {
      return { value: toJson(evaluateIt({ [variable]: toCel(value) })) }
    } catch (error) {
      return { failed: messageOf(error) }
    }
  }
}

const SECOND = celEnv({ funcs: strings as unknown as CelFunc[] })

const bySecond = (expression: string, variable: Variable): Evaluate => {
  const evaluateIt = plan(SECOND, parse(expression))
  return (value) => {
    const result = evaluateIt({ [variable]: toCel(value) } as never)
    return isCelError(result) ? { failed: result.message } : { value: toJson(result) }
  }
}

type Evaluate = (value: Json) => Outcome

/** An expression is compiled once: tests evaluate few expressions, many times. */
const compiled = new Map<string, readonly [Evaluate, Evaluate]>()

/**
 * Evaluates an expression with one variable.
 * @throws Error if it does not compile, or if the two libraries do not agree
 */
export const evaluate = (expression: string, variable: Variable, value: Json): Outcome => {
  const key = `${variable}: ${expression}`
  const both = compiled.get(key) ?? [byFirst(expression, variable), bySecond(expression, variable)]
  compiled.set(key, both)
  const outcomes = [both[0](value), both[1](value)] as const
  const [first, second] = outcomes.map((it) =>
    'failed' in it ? 'failed' : JSON.stringify(it.value),
  )
  if (first === second) return outcomes[0]
  throw new Error(`two CEL libraries differ: ${expression}: ${JSON.stringify(outcomes)}`)
}

/** The type that an expression has before it is evaluated, or why it does not compile. */
export const typeOf = (
  expression: string,
  variable: Variable,
): { readonly type: string } | { readonly problem: string } => {
  const { valid, type, error } = ENVIRONMENTS[variable].check(expression)
  return valid ? { type: String(type) } : { problem: messageOf(error) }
}
