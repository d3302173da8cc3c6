// The small parts of a policy's schema, which several places share.

import * as v from 'valibot'

/** A list that is not empty and has no value twice. */
export const list = <Item extends v.GenericSchema<string, string>>(
  item: Item,
): v.GenericSchema<v.InferInput<Item>[], v.InferOutput<Item>[]> =>
  v.pipe(
    v.array(item, 'expected a list'),
    v.minLength(1, 'expected at least one value'),
    v.check((values) => new Set(values).size === values.length, 'a value occurs twice'),
  )

const name = (pattern: RegExp, expected: string): v.GenericSchema<string, string> =>
  v.pipe(v.string('expected a text'), v.regex(pattern, expected))

/** What the name of an audience looks like. */
export const AUDIENCE_PATTERN: RegExp = /^[\x21-\x7e]{1,256}$/

/** The name of an audience. */
export const audienceName: v.GenericSchema<string, string> = name(
  AUDIENCE_PATTERN,
  'expected printable ASCII without spaces',
)

/** Id of an account. */
export const accountId: v.GenericSchema<string, string> = v.pipe(
  v.string('expected an account id in quotation marks'),
  v.regex(/^[0-9]{1,20}$/, 'expected the digits of an account id; no pattern is allowed here'),
)

/** Names of groups. A comma separates them in the header of a proxy, so none may be in a name. */
export const groupNames: v.GenericSchema<string[], string[]> = v.array(
  name(/^[\x21-\x2b\x2d-\x7e]{1,256}$/, 'expected printable ASCII without spaces and commas'),
  'expected a list',
)

/** Seconds from 1 to a maximum. */
export const wholeSeconds = (maximum: number): v.GenericSchema<number, number> =>
  v.pipe(
    v.number('expected a number of seconds'),
    v.integer('expected whole seconds'),
    v.minValue(1, 'expected at least 1'),
    v.maxValue(maximum, `expected at most ${maximum}`),
  )

/** One of a few texts. */
export const oneOf = <const Value extends string>(
  values: readonly Value[],
): v.GenericSchema<Value, Value> =>
  v.picklist(values, `expected one of ${values.map((value) => `"${value}"`).join(', ')}`)
