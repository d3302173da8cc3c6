// The recipes in the pages: their table, and the fences that show one with the values of the pages.

import { type TypedOptions, fillRecipe } from '../../src/cli/recipe/fill.ts'
import type { Recipe, RecipeFile } from '../../src/cli/recipe/form.ts'
import { RECIPES } from '../../src/cli/recipe/recipes/index.ts'
import { markdownTable } from './markdown-table.ts'

/**
 * The files of a recipe.
 * @throws Error if there is no such recipe
 * @throws CommandError if a value is refused
 */
export const recipeFiles = (name: string, typed: TypedOptions): readonly RecipeFile[] => {
  const recipe = RECIPES.find((it) => it.name === name)
  if (recipe === undefined) throw new Error(`there is no recipe ${name}`)
  return recipe.files(fillRecipe(recipe, typed))
}

/**
 * The one file of a recipe in a language, or with a name.
 * @param which the language, or the end of the path; absent: all files
 * @throws Error if there is not exactly one
 */
export const recipeFile = (name: string, typed: TypedOptions, which?: string): string => {
  const found = recipeFiles(name, typed).filter(
    ({ language, path }) => which === undefined || language === which || path.endsWith(which),
  )
  const [file] = found
  if (file === undefined || found.length > 1) {
    throw new Error(`${name} has ${found.length} files for ${which ?? 'any language'}`)
  }
  return file.text
}

/** What the pages use. */
export const PAGE_ISSUER = 'https://rollcall.example'
const PAGE = { issuer: PAGE_ISSUER, role: ['worker'] } as const
/** Behind a proxy. */
export const BEHIND_PROXY: TypedOptions = { ...PAGE, audience: 'https://app.example' }
/** In an app. */
export const IN_APP: TypedOptions = { ...PAGE, audience: 'https://cluster.example' }

/** The values of docs/use/ram.md: an audience of its own, in a made-up account. */
export const FOR_RAM: TypedOptions = {
  ...PAGE,
  audience: 'https://ram.example/worker',
  account: ['1234567890123456'],
  region: ['cn-hangzhou', 'cn-shanghai'],
}

/** One file of a recipe with the values of the pages. @throws Error if the recipe has no such file */
const fileNamed = (name: string, path: string): string => {
  const file = recipeFiles(name, IN_APP).find((it) => it.path === path)
  if (file === undefined) throw new Error(`${name} has no file ${path}`)
  return file.text
}

/** The fences of each page, by the words after their three backticks. */
export const recipeFences = (): Readonly<Record<string, Readonly<Record<string, string>>>> => ({
  'docs/use/nginx.md': {
    'nginx server': recipeFile('nginx', BEHIND_PROXY, 'nginx'),
    'js njs': recipeFile('nginx-njs', BEHIND_PROXY, 'js'),
  },
  'docs/use/apache.md': {
    'apache oauth2': recipeFile('apache-oauth2', BEHIND_PROXY),
    'apache openidc': recipeFile('apache-openidc', BEHIND_PROXY),
  },
  'docs/use/haproxy.md': { 'haproxy server': recipeFile('haproxy', BEHIND_PROXY, 'haproxy') },
  'docs/use/step-ca.md': {
    'json provisioner': recipeFile('step-ca', IN_APP, 'json'),
    'text template': recipeFile('step-ca', IN_APP, 'text'),
  },
  'docs/use/vault.md': {
    'json config': fileNamed('vault', 'config.json'),
    'json role': fileNamed('vault', 'role.json'),
  },
  'docs/use/consul.md': {
    'json servers': fileNamed('consul', '/etc/consul.d/rollcall-server.json'),
    'json agents': fileNamed('consul', '/etc/consul.d/rollcall-client.json'),
  },
  'docs/use/rabbitmq.md': {
    'conf rabbitmq': recipeFile('rabbitmq', IN_APP, 'conf'),
    'json roles': recipeFile('rabbitmq', IN_APP, 'json'),
  },
  'docs/use/caddy.md': {
    'caddyfile server': recipeFile('caddy', BEHIND_PROXY, 'caddyfile'),
    'ini drop-in': recipeFile('caddy', BEHIND_PROXY, 'ini'),
    'yaml traefik start': recipeFile('traefik', BEHIND_PROXY, 'traefik.yaml'),
    'yaml traefik': recipeFile('traefik', BEHIND_PROXY, 'app.yaml'),
  },
  'docs/use/python.md': { 'python server': recipeFile('pyjwt', IN_APP) },
  'docs/use/go.md': { 'go server': recipeFile('go-oidc', IN_APP) },
  'docs/use/node-libraries.md': {
    'js server jose': recipeFile('jose', IN_APP),
    'js server express': recipeFile('express-oauth2-jwt-bearer', IN_APP),
  },
  'docs/use/ram.md': {
    'json trust-policy': recipeFile('alibaba-ram', FOR_RAM, 'json'),
    'sh create-role': recipeFile('alibaba-ram', FOR_RAM, 'sh'),
    'sh environment': recipeFile('alibaba-ram', FOR_RAM, 'conf'),
  },
  'docs/use/node.md': {
    'ts server hono': recipeFile('hono', IN_APP),
    'js server express': recipeFile('express', IN_APP),
    'js server node-http': recipeFile('node-http', IN_APP),
    'ts server fetch': recipeFile('fetch', IN_APP),
    'ts server bound': recipeFile('fetch-bound', { ...IN_APP, host: 'app.example' }),
  },
})

/**
 * Puts texts into the fences of a page.
 * @param fences by the words that open them
 * @throws Error if the page has not exactly one such fence
 */
export const withFences = (page: string, fences: Readonly<Record<string, string>>): string =>
  Object.entries(fences).reduce((text, [opening, content]) => {
    const place = new RegExp(`^(\`\`\`${opening}\\n)[^]*?^(\`\`\`)$`, 'gm')
    const count = [...text.matchAll(place)].length
    if (count !== 1) throw new Error(`the page has ${count} fences that open with ${opening}`)
    return text.replace(place, (_, before: string, after: string) => before + content + after)
  }, page)

/** Whether a recipe was run, and by whom. */
const ranCell = ({ ran }: Recipe): string => {
  if (typeof ran === 'string') return ran
  const byHand = ran.byHand === undefined ? '' : `; by hand with ${ran.byHand}`
  return `**no**${byHand}; written from ${ran.notRun}`
}

/** A row for each recipe. */
export const recipeTable = (): string =>
  markdownTable(
    ['recipe', 'relying party', 'run by the tests', 'a banned instance'],
    RECIPES.map((recipe) => {
      const { name, title, ban, page } = recipe
      const linked = page === undefined ? title : `[${title}](${page.replace(/^use\//, '')})`
      return [`\`${name}\``, linked, ranCell(recipe), ban]
    }),
  )
