// Every recipe, with usual and with hostile values: each place is filled in, and each file can be parsed.

import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { CommandError } from '../../../../src/cli/command-error.ts'
import { type TypedOptions, fillRecipe } from '../../../../src/cli/recipe/fill.ts'
import { type Recipe, type RecipeOption, ranLine } from '../../../../src/cli/recipe/form.ts'
import { RECIPE_NAMES } from '../../../../src/cli/recipe/names.ts'
import { RECIPES } from '../../../../src/cli/recipe/recipes/index.ts'
import { readProjectFile } from '../../../support/sources.ts'

const USUAL = {
  issuer: 'https://issuer.test',
  audience: 'https://door.test',
  role: ['node-role'],
} as const

/** A second value for each option, which no recipe has by itself. */
const OTHER: Readonly<Record<RecipeOption, string>> = {
  caFile: '/other/ca.pem',
  certificateFile: '/other/certificate.pem',
  host: 'other.test',
  keyFile: '/other/key.pem',
  keysFolder: '/other/keys',
  listen: '127.0.0.1:4711',
  mount: 'other-mount',
  name: 'other-name',
  node: 'x-{instance_id}',
  policy: 'other-policy',
  provider: 'other-provider',
  ramAccount: '4711471147114711',
  ramRole: 'other-role',
  secretFile: '/other/secret',
  templateFile: '/other/template',
  trustDomain: 'domain.test',
  upstream: 'upstream.test:4712',
}

/** All that a recipe says. */
const textOf = (recipe: Recipe, typed: TypedOptions): string => {
  const values = fillRecipe(recipe, typed)
  const files = recipe.files(values).map(({ path, text }) => `${path}\n${text}`)
  return [...files, ...recipe.steps(values)].join('\n')
}

/** With the values that every recipe needs, and those that this one has no default for. */
const usualFor = ({ options, conditions }: Recipe): TypedOptions => ({
  ...USUAL,
  ...(options.ramAccount !== undefined && { ramAccount: '1234123412341234' }),
  ...(conditions.includes('accounts') && { account: ['5678567856785678'] }),
})

const cases = RECIPES.map((recipe) => [recipe.name, recipe] as const)

describe('the recipes', () => {
  it('have the names of the help, each once', () => {
    expect(RECIPES.map(({ name }) => name)).toEqual([...RECIPE_NAMES])
    expect(new Set(RECIPE_NAMES).size).toBe(RECIPE_NAMES.length)
  })

  it('say in their first line what the tests start, else "run by hand" or "not run", and after which source', () => {
    for (const recipe of RECIPES) {
      expect(ranLine(recipe)).toMatch(
        /\. (?:Tested with .+ \d[\d.]*|Run by hand with \S+ \d\S* .*on \d{4}-\d\d-\d\d, not by the tests\. Written from .+|Not run\. Written from .+)\.$/,
      )
    }
  })

  it('name the versions of the packages that the tests run', () => {
    const { devDependencies } = JSON.parse(readProjectFile('package.json')) as {
      readonly devDependencies: Readonly<Record<string, string>>
    }
    const lock = JSON.parse(readProjectFile('package-lock.json')) as {
      readonly packages: Readonly<Record<string, { readonly version?: string }>>
    }
    for (const [recipe, name] of [
      ['hono', 'hono'],
      ['express', 'express'],
      ['jose', 'jose'],
      ['express-oauth2-jwt-bearer', 'express-oauth2-jwt-bearer'],
    ] as const) {
      const version = devDependencies[name] ?? lock.packages[`node_modules/${name}`]?.version ?? ''
      const { ran } = RECIPES.find((it) => it.name === recipe) as Recipe
      expect(ran).toMatch(/ [0-9.]+$/)
      expect(version.startsWith(`${String(ran).split(' ').at(-1)}.`), `${name} ${version}`).toBe(
        true,
      )
    }
  })

  it.each(cases)('%s has the issuer, audience and role that are given', (_, recipe) => {
    const text = textOf(recipe, usualFor(recipe))
    expect(text).toContain('issuer.test')
    expect(text).toMatch(/https:\/\/door\.test|https%3A%2F%2Fdoor\.test/)
    expect(text).toContain('node-role')
    // Nothing of the examples, and nothing that a user would have to replace.
    expect(text).not.toMatch(/rollcall\.example|app\.example|cluster\.example/)
    const filled = text.replaceAll(/[!=]== undefined/g, '')
    expect(filled).not.toMatch(/undefined|\[object|NaN|TODO|FILL|YOUR|THE_|\bxxx|<[A-Z_ ]+>/)
  })

  it.each(cases)('%s has the account and the region that are given', (_, recipe) => {
    const usual = usualFor(recipe)
    for (const [condition, typed, value] of [
      ['accounts', { account: ['4444444444444444'] }, '4444444444444444'],
      ['regions', { region: ['cn-other-1'] }, 'cn-other-1'],
    ] as const) {
      if (recipe.conditions.includes(condition)) {
        expect(textOf(recipe, { ...usual, ...typed })).toContain(value)
      } else expect(() => textOf(recipe, { ...usual, ...typed })).toThrow(/cannot check it/)
    }
  })

  it.each(cases)('%s puts the value of each of its options in, and refuses others', (_, recipe) => {
    for (const [name, value] of Object.entries(OTHER) as [RecipeOption, string][]) {
      const typed = { ...usualFor(recipe), [name]: value }
      if (recipe.options[name] === undefined) {
        expect(() => textOf(recipe, typed)).toThrow(/ is no option of /)
        continue
      }
      // An address and a template may be written in parts.
      for (const part of value.split(/[:{}]+/)) expect(textOf(recipe, typed)).toContain(part)
    }
  })

  it.each(cases)('%s admits several roles, or says that it cannot', (_, recipe) => {
    const typed = { ...usualFor(recipe), role: ['node-role', 'second-role'] }
    if (recipe.severalRoles) expect(textOf(recipe, typed)).toContain('second-role')
    else expect(() => textOf(recipe, typed)).toThrow(/admits one role/)
  })

  it.each(cases)('%s ends each file with one line break, and names it once', (_, recipe) => {
    const files = recipe.files(fillRecipe(recipe, usualFor(recipe)))
    expect(new Set(files.map(({ path }) => path)).size).toBe(files.length)
    for (const { text, path } of files) {
      expect(text).toMatch(/[^\n]\n$/)
      expect(path).toMatch(/^(?:\/(?:[a-z0-9.-]+\/)+)?[A-Za-z0-9.-]+$/)
      expect(path).not.toContain('..')
    }
  })
})

describe('the recipes that Vault and Consul refused once', () => {
  const filesOf = (name: string): readonly unknown[] => {
    const recipe = RECIPES.find((it) => it.name === name) as Recipe
    const files = recipe.files(fillRecipe(recipe, usualFor(recipe)))
    return files.map(({ text }) => JSON.parse(text) as unknown)
  }

  it('map no claim to "role" in Vault, which keeps that name for itself', () => {
    const [, role] = filesOf('vault') as { readonly claim_mappings: Record<string, string> }[]
    expect(role?.claim_mappings).toMatchObject({ role: 'rollcall_role' })
    expect(Object.values(role?.claim_mappings ?? {})).not.toContain('role')
  })

  it('configure TLS for Consul, which refuses auto_config without it', () => {
    const [server, client] = filesOf('consul')
    const both = {
      ca_file: '/etc/consul.d/consul-agent-ca.pem',
      verify_outgoing: true,
      verify_server_hostname: true,
    }
    expect(client).toMatchObject(both)
    expect(server).toMatchObject({
      ...both,
      cert_file: '/etc/consul.d/dc1-server-consul-0.pem',
      key_file: '/etc/consul.d/dc1-server-consul-0-key.pem',
      verify_incoming_rpc: true,
      connect: { enabled: true },
    })
  })

  it('map cnf, which is an object in a bound token, so that both refuse it', () => {
    const [, role] = filesOf('vault')
    expect(role).toMatchObject({ claim_mappings: { cnf: 'cnf' } })
    const [server] = filesOf('consul')
    expect(server).toMatchObject({
      auto_config: { authorization: { static: { claim_mappings: { cnf: 'cnf', acr: 'acr' } } } },
    })
    expect(textsIn(server)).toContain('value.acr == "urn:rollcall:freshness:challenge"')
  })
})

const HOSTILE = [
  `https://door.test/"double"`,
  `https://door.test/'single'`,
  'https://door.test/`tick`',
  'https://door.test/$HOME${HOME}$(id)',
  'https://door.test/{x}{{env}}%{y}%s%d',
  String.raw`https://door.test/\back\n\"`,
  'https://door.test/;}#!&|<>*?=,',
  "https://door.test/'+process.exit()+'",
  'yes',
] as const

/** The JSON and YAML files, parsed. */
const parsedFiles = (recipe: Recipe, typed: TypedOptions): readonly unknown[] =>
  recipe.files(fillRecipe(recipe, typed)).flatMap(({ language, text }) => {
    if (language === 'json') return [JSON.parse(text) as unknown]
    if (language !== 'yaml') return []
    return parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
      expect([...document.errors, ...document.warnings]).toEqual([])
      return document.toJS() as unknown
    })
  })

/** Every text in a value. */
const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

describe('a hostile audience', () => {
  it.each(cases)('is text in the files of %s, or refused', (_, recipe) => {
    const usual = parsedFiles(recipe, usualFor(recipe))
    for (const audience of HOSTILE) {
      const host = recipe.options.host === undefined ? {} : { host: 'door.test' }
      const given = { ...usualFor(recipe), ...host, audience }
      try {
        const files = parsedFiles(recipe, given)
        // The same form, and the audience where the usual one was.
        expect(files.map((it) => textsIn(it).length)).toEqual(usual.map((it) => textsIn(it).length))
        const places = (all: readonly unknown[], value: string): number =>
          textsIn(all).filter((it) => it === value).length
        expect(places(files, audience)).toBe(places(usual, USUAL.audience))
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
        expect(error.message).toMatch(/cannot hold as text|RAM accepts/)
      }
    }
  })

  it.each([
    ['a space', 'https://door.test/a b'],
    ['a line break', 'https://door.test/\nallow all'],
    ['a null byte', 'https://door.test/\0'],
    ['a letter beyond ASCII', 'https://dóor.test'],
    ['257 characters', 'a'.repeat(257)],
  ])('with %s is refused by all', (_, audience) => {
    for (const recipe of RECIPES) {
      expect(() => textOf(recipe, { ...usualFor(recipe), audience })).toThrow(CommandError)
    }
  })
})

describe('the port of the audience', () => {
  it('is where a proxy listens and is called, and what its secret is for', () => {
    const audience = 'https://door.test:4711'
    for (const recipe of RECIPES.filter(({ options }) => options.listen !== undefined)) {
      const text = textOf(recipe, { ...usualFor(recipe), audience })
      expect(text).toContain('https://door.test:4711/')
      expect(text.replaceAll(/https(?::\/\/|%3A%2F%2F)door\.test(?::|%3A)4711/g, '')).toMatch(
        /\b4711\b|caddy/,
      )
      if (recipe.options.name !== undefined) {
        expect(text).toContain('"origin":"https://door.test:4711"')
      }
      expect(textOf(recipe, { ...usualFor(recipe), audience, listen: '4712' })).toContain(
        'https://door.test:4712/',
      )
      const other = textOf(recipe, { ...usualFor(recipe), audience, host: 'other.test' })
      expect(other).toContain('https://other.test/')
    }
  })

  it('is part of the address that proofs are for', () => {
    const bound = RECIPES.find(({ name }) => name === 'fetch-bound') as Recipe
    const text = textOf(bound, { ...USUAL, audience: 'https://door.test:4711' })
    expect(text).toContain("publicUrl: 'https://door.test:4711'")
  })
})
