// What `fillRecipe()` and the recipes refuse of what a user types.

import { describe, expect, it } from 'vitest'
import { type TypedOptions, fillRecipe } from '../../../../src/cli/recipe/fill.ts'
import type { Recipe } from '../../../../src/cli/recipe/form.ts'
import { RECIPES } from '../../../../src/cli/recipe/recipes/index.ts'
import { readProjectFile } from '../../../support/sources.ts'

const USUAL = {
  issuer: 'https://issuer.test',
  audience: 'https://door.test',
  role: ['node-role'],
} as const

/** All that a recipe says. */
const textOf = (recipe: Recipe, typed: TypedOptions): string => {
  const values = fillRecipe(recipe, typed)
  const files = recipe.files(values).map(({ path, text }) => `${path}\n${text}`)
  return [...files, ...recipe.steps(values)].join('\n')
}

describe('fillRecipe()', () => {
  const nginx = RECIPES.find(({ name }) => name === 'nginx') as Recipe
  const messageOf = (typed: TypedOptions): string => {
    try {
      textOf(nginx, typed)
      return 'accepted'
    } catch (error) {
      return (error as Error).message
    }
  }

  it.each<[TypedOptions, string]>([
    [{ ...USUAL, issuer: undefined }, '--issuer is missing: give https://HOST of rollcall'],
    [{ ...USUAL, audience: '' }, '--audience is missing: the name of your relying party'],
    [{ ...USUAL, role: [] }, '--role is missing: which role may enter?'],
    [{ ...USUAL, role: ['Worker'] }, '--role: "Worker": expected the name of a role'],
    [{ ...USUAL, account: ['1x'] }, '--account: "1x": expected the number of an account'],
    [{ ...USUAL, region: ['CN'] }, '--region: "CN": expected a region such as cn-hangzhou'],
    // Each begins or ends like no region, and the first like a flag of HAProxy.
    ...['-m', '--', '-', 'found', 'cn-', 'cn--hangzhou', '1-a', `a-${'b'.repeat(39)}`].map(
      (region) =>
        [
          { ...USUAL, region: [region] },
          `--region: "${region}": expected a region such as cn-hangzhou`,
        ] as [TypedOptions, string],
    ),
    [
      { ...USUAL, audience: 'door' },
      '--host is missing: expected a host name such as app.example, since the audience "door" is not an https URL',
    ],
    [{ ...USUAL, listen: 'x' }, '--listen: "x": expected PORT or HOST:PORT such as 127.0.0.1:8443'],
    [
      { ...USUAL, upstream: '9000' },
      '--upstream: "9000": expected HOST:PORT such as 127.0.0.1:9000',
    ],
    [
      { ...USUAL, secretFile: '/a;b/../c d' },
      '--secret-file: "/a;b/../c d": expected an absolute path of letters, digits and . _ -',
    ],
    [{ ...USUAL, host: 'a\nb' }, '--host: "a\\nb" has a line break or control character'],
  ])('refuses %j', (typed, message) => {
    expect(messageOf(typed)).toBe(message)
  })

  it('refuses an issuer that is not https, or has a path', () => {
    expect(messageOf({ ...USUAL, issuer: 'http://issuer.test' })).toMatch(/^--issuer: .*https/)
    expect(messageOf({ ...USUAL, issuer: 'https://issuer.test/a' })).toMatch(/^--issuer: /)
  })

  it('accepts the regions that the cloud has', () => {
    for (const region of ['cn-hangzhou', 'us-west-1', 'cn-shanghai-finance-1', 'me-east-1']) {
      expect([region, messageOf({ ...USUAL, region: [region] })]).toEqual([region, 'accepted'])
    }
  })

  it('writes values for HAProxy behind `--`, so that none of them is a flag', () => {
    const haproxy = RECIPES.find(({ name }) => name === 'haproxy') as Recipe
    const all = { ...USUAL, account: ['4711'], region: ['cn-other-1'] }
    const rows = textOf(haproxy, all)
      .split('\n')
      .filter((row) => /issuer\.test'|door\\?\.test"|node-role|4711|cn-other-1/.test(row))
      .filter((row) => row.includes(' -m '))
    expect(rows).toHaveLength(5)
    for (const row of rows) expect(row).toMatch(/ -m (?:str|reg) -- /)
  })

  it.each<[string, readonly string[], readonly string[]]>([
    [
      'listen',
      ['8443', '65535', '127.0.0.1:1', '[::1]:8443', 'localhost:8443', 'a-b.c:9'],
      ['0', '65536', '99999', '0443', '*:8443', '::1:8443', '[::1]', '[::g]:1', '[::ffff:127.0.0.1]:1', '[fe80::1%eth0]:1', '256.1.1.1:1', '1:1', 'unix:1', '-a:1', 'ä.example:1', ':8443'], // prettier-ignore
    ],
    ['upstream', ['[::1]:9000', 'app.internal:65535'], ['9000', 'app:65536', 'unix:9000', 'a_b:1']],
    [
      'host',
      ['a', '127.0.0.1', '1e3', 'true', `${'a'.repeat(63)}.b`],
      ['[::1]', '::1', '1.2', '0x7f', '127.1', 'unix', `${'a'.repeat(64)}.b`, `${'a.'.repeat(126)}ab`, 'ä.example'], // prettier-ignore
    ],
    ['name', ['a', 'app-2', 'a'.repeat(63)], ['App', '2', 'a_b', 'a'.repeat(64), '']],
  ])('accepts and refuses values of --%s', (option, accepted, refused) => {
    const answers = (values: readonly string[]) =>
      values.map((value) => [value, messageOf({ ...USUAL, [option]: value })])
    expect(answers(accepted)).toEqual(accepted.map((value) => [value, 'accepted']))
    for (const [value = '', message] of answers(refused)) {
      expect(message).toMatch(`--${option}: ${JSON.stringify(value)}: expected `)
    }
  })

  it('takes the host of the audience, unless one is given', () => {
    expect(textOf(nginx, USUAL)).toContain('server_name door.test;')
    expect(textOf(nginx, { ...USUAL, host: 'a.test' })).toContain('server_name a.test;')
  })

  it('refuses the values that the page names as examples', () => {
    const page = readProjectFile('docs/use/recipes.md').replaceAll(/\s+/g, ' ')
    const [, char = '', first] = /an audience with `(.)` for `([a-z-]+)`/.exec(page) ?? []
    const [, scheme, second] = /an issuer with (\w+) for `([a-z-]+)`/.exec(page) ?? []
    const refusal = (name: string | undefined, typed: object) => () =>
      textOf(RECIPES.find((it) => it.name === name) as Recipe, { ...USUAL, ...typed })
    expect(refusal(first, { audience: `a${char}`, host: 'a.test' })).toThrow(/cannot hold as text/)
    expect(refusal(second, { issuer: `${scheme}://localhost` })).toThrow(/over https only/)
    expect(refusal(first, {})).not.toThrow()
    expect(refusal(second, {})).not.toThrow()
  })

  it.each([
    ['apache-openidc', 'http://localhost'],
    ['rabbitmq', 'http://127.0.0.1:4711'],
    ['alibaba-ram', 'http://[::1]:4711'],
    ['nginx', 'https://192.0.2.1'],
    ['nginx-njs', 'https://[::1]:4711'],
  ])('refuses an issuer that %s cannot use: %s', (name, issuer) => {
    const recipe = RECIPES.find((it) => it.name === name) as Recipe
    const typed = { ...USUAL, ...(name === 'alibaba-ram' && { account: ['1'] }) }
    expect(() => textOf(recipe, typed)).not.toThrow()
    expect(() => textOf(recipe, { ...typed, issuer })).toThrow(
      /^--issuer: "\S+": .* expected https:/,
    )
  })
})
