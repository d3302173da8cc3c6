// Where a value differs from its schema. The receiver's check: members that the schema does not name are
// accepted, and so are other texts than those of `enum` and `const`, since the sender may be newer.

import type { Schema, Schemas } from './schema.ts'

/** The first place where a value does not fit. */
export interface Mismatch {
  /** Names of members and indices, with dots between them, such as `bans.0.kind`; empty: the value itself. */
  readonly path: string
  /** What the schema says of that place, such as `a string`. */
  readonly expected: string
}

const integerProblem = (value: unknown, min?: number, max?: number): string | undefined => {
  const least = min ?? Number.MIN_SAFE_INTEGER
  const most = max ?? Number.MAX_SAFE_INTEGER
  const fits = Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most
  return fits ? undefined : `a whole number from ${least} to ${most}`
}

const REF = '#/components/schemas/'

/**
 * Compares a value with a schema.
 * @param schemas the schemas that a `$ref` may name
 * @returns the first place that does not fit; `undefined` if the value fits
 * @throws TypeError if a `$ref` names no schema
 */
export const mismatchOf = (
  schema: Schema,
  value: unknown,
  schemas: Schemas,
  path: readonly (string | number)[] = [],
): Mismatch | undefined => {
  const expect = (expected: string | undefined): Mismatch | undefined =>
    expected === undefined ? undefined : { path: path.join('.'), expected }
  if ('$ref' in schema) {
    const named = schemas[schema.$ref.slice(REF.length)]
    if (named === undefined) throw new TypeError(`there is no schema ${schema.$ref}`)
    return mismatchOf(named, value, schemas, path)
  }
  if ('enum' in schema || 'const' in schema || schema.type === 'string') {
    return expect(typeof value === 'string' ? undefined : 'a string')
  }
  if (schema.type === 'boolean') {
    return expect(typeof value === 'boolean' ? undefined : 'true or false')
  }
  if (schema.type === 'integer') {
    return expect(integerProblem(value, schema.minimum, schema.maximum))
  }
  if (schema.type === 'array') {
    if (!Array.isArray(value)) return expect('a list')
    for (const [at, item] of value.entries()) {
      const mismatch = mismatchOf(schema.items, item, schemas, [...path, at])
      if (mismatch !== undefined) return mismatch
    }
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return expect('an object')
  }
  for (const [name, member] of Object.entries(schema.properties)) {
    const there = Object.hasOwn(value, name)
    if (!there && !schema.required.includes(name)) continue
    const held = there ? (value as Readonly<Record<string, unknown>>)[name] : undefined
    const mismatch = mismatchOf(member, held, schemas, [...path, name])
    if (mismatch !== undefined) return mismatch
  }
  return undefined
}
