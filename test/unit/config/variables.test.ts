// The table of variables: a variable costs one row.

import { describe, expect, it } from 'vitest'
import { parseInteger } from '../../../src/config/parsers.ts'
import { readVariables } from '../../../src/config/read-variables.ts'
import type { RuntimeOptions, Variable } from '../../../src/config/variable.ts'
import { VARIABLES } from '../../../src/config/variables.ts'
import { variableTable } from '../../generate/page-tables.ts'
import { VARIABLE_TEXTS } from '../../generate/variable-texts.ts'

const quorum: Variable<number> = {
  name: 'ROLLCALL_QUORUM',
  secret: false,
  file: true,
  where: 'everywhere',
  missing: () => ({ value: 3 }),
  parse: parseInteger(1, 9),
}
const { host } = VARIABLES
const ROWS = { quorum, host }
const TEXT = { topic: 'a topic', meaning: 'How many must agree', unit: 'members' }

const read = (env: Record<string, unknown>, runtime: RuntimeOptions = {}) =>
  readVariables(ROWS, {}, env, runtime)

describe('a row', () => {
  it('is a variable: it has a default, a value, and a file', async () => {
    const readFile = async (): Promise<string> => '7\n'
    const good = { problems: [] }
    expect(await read({})).toEqual({ ...good, values: { quorum: 3, host: '127.0.0.1' } })
    expect(await read({ ROLLCALL_QUORUM: '5' })).toMatchObject({ ...good, values: { quorum: 5 } })
    expect(await read({ ROLLCALL_QUORUM_FILE: '/quorum' }, { readFile })).toMatchObject({
      ...good,
      values: { quorum: 7 },
    })
  })

  it.each<readonly [string, Record<string, unknown>]>([
    ['ROLLCALL_QUORUM: "x" is not a whole number from 1 to 9', { ROLLCALL_QUORUM: 'x' }],
    ['ROLLCALL_QUORUM: is empty; set a value, or remove the variable', { ROLLCALL_QUORUM: ' ' }],
    ['ROLLCALL_QUORUM: is not a text but of type number', { ROLLCALL_QUORUM: 5 }],
    [
      'ROLLCALL_QUORUM: is set together with ROLLCALL_QUORUM_FILE; remove one of them',
      { ROLLCALL_QUORUM: '5', ROLLCALL_QUORUM_FILE: 'x' },
    ],
    ['ROLLCALL_QUORUMS: unknown name; did you mean ROLLCALL_QUORUM?', { ROLLCALL_QUORUMS: '5' }],
    ['ROLLCALL_HOST: unknown name; did you mean HOST?', { ROLLCALL_HOST: 'x' }],
    // Not in this table.
    ['ROLLCALL_ISSUER: unknown name; remove it', { ROLLCALL_ISSUER: 'x' }],
  ])('gives the message: %s', async (problem, env) => {
    expect((await read(env)).problems).toEqual([problem])
  })

  it('can be required', async () => {
    const row: Variable<number> = { ...quorum, missing: () => ({ hint: 'set 1 to 9' }) }
    const rows = { quorum: row }
    const { values, problems } = await readVariables(rows, {}, {}, {})
    expect([values, problems]).toEqual([{}, ['ROLLCALL_QUORUM: required; set 1 to 9']])
    expect((await readVariables(rows, {}, { ROLLCALL_QUORUM: '0' }, {})).problems).toEqual([
      'ROLLCALL_QUORUM: "0" is not a whole number from 1 to 9',
    ])
    expect(variableTable(rows, [TEXT])).toContain('| required |')
  })

  it('can have no file: the name of one is unknown', async () => {
    const rows = { quorum: { ...quorum, file: false } }
    const readFile = async (): Promise<string> => '7'
    const env = { ROLLCALL_QUORUM_FILE: '/quorum' }
    expect(await readVariables(rows, {}, env, { readFile })).toEqual({
      values: { quorum: 3 },
      problems: ['ROLLCALL_QUORUM_FILE: unknown name; did you mean ROLLCALL_QUORUM?'],
    })
  })

  it('can conflict with a row before it, once both are good', async () => {
    const conflicts = {
      host: ({ quorum: members }: { readonly quorum?: number }) =>
        members === 1 ? 'needs a quorum of 2' : undefined,
    }
    const problemsOf = async (env: Record<string, string>): Promise<readonly string[]> =>
      (await readVariables(ROWS, conflicts, env, {})).problems
    expect(await problemsOf({ ROLLCALL_QUORUM: '1', HOST: 'a' })).toEqual([
      'HOST: needs a quorum of 2',
    ])
    expect(await problemsOf({ ROLLCALL_QUORUM: '1' })).toEqual([])
    expect(await problemsOf({ ROLLCALL_QUORUM: '2', HOST: 'a' })).toEqual([])
  })

  it('is a line of the page’s table', () => {
    const line = '| `ROLLCALL_QUORUM` | `3` members | | everywhere | How many must agree |'
    const [, , first = ''] = variableTable(ROWS, [TEXT, VARIABLE_TEXTS.host]).split('\n')
    expect(first.replaceAll(/ +/g, ' ')).toBe(line)
  })
})

describe('VARIABLE_TEXTS', () => {
  it.each(Object.entries(VARIABLE_TEXTS))(
    '%s is documented in one sentence of at most 25 words',
    (_, { meaning }) => {
      expect(meaning).toMatch(/^[A-Z].*[^.]$/)
      expect(meaning.split(/\s+/).length).toBeLessThanOrEqual(25)
    },
  )
})
