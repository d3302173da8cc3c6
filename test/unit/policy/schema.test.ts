// The parts of a policy's schema: the first value beyond each bound.

import { expect, it } from 'vitest'
import * as v from 'valibot'
import { audienceName, groupNames, list, oneOf, wholeSeconds } from '../../../src/policy/schema.ts'

const problemOf = (schema: v.GenericSchema, value: unknown): string | undefined =>
  v.safeParse(schema, value).issues?.[0].message

it.each<[string, v.GenericSchema, unknown, RegExp | undefined]>([
  ['a list', list(audienceName), ['a', 'b'], undefined],
  ['a list that is no list', list(audienceName), 'a', /expected a list/],
  ['an empty list', list(audienceName), [], /at least one value/],
  ['a list with a value twice', list(audienceName), ['a', 'a'], /occurs twice/],
  ['an audience of 256 characters', audienceName, 'a'.repeat(256), undefined],
  ['an audience of 257 characters', audienceName, 'a'.repeat(257), /printable ASCII/],
  ['an audience with a comma', audienceName, 'a,b', undefined],
  ['no groups', groupNames, [], undefined],
  ['a group with a comma, which separates groups in a header', groupNames, ['a,b'], /commas/],
  ['a group with a space', groupNames, ['a b'], /printable ASCII/],
  ['the most seconds', wholeSeconds(60), 60, undefined],
  ['one second more', wholeSeconds(60), 61, /at most 60/],
  ['no second', wholeSeconds(60), 0, /at least 1/],
  ['half a second', wholeSeconds(60), 0.5, /whole seconds/],
  ['one of two', oneOf(['a', 'b']), 'b', undefined],
  ['none of two', oneOf(['a', 'b']), 'c', /expected one of "a", "b"/],
])('a policy with %s', (_, schema, value, problem) => {
  if (problem === undefined) expect(problemOf(schema, value)).toBeUndefined()
  else expect(problemOf(schema, value)).toMatch(problem)
})
