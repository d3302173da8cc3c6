// Odd but valid arguments of `rollcall recipe`: the program that a recipe is for accepts each file that is printed.

import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CommandError } from '../../../src/cli/command-error.ts'
import { type TypedOptions, fillRecipe } from '../../../src/cli/recipe/fill.ts'
import type { Recipe } from '../../../src/cli/recipe/form.ts'
import { RECIPES } from '../../../src/cli/recipe/recipes/index.ts'
import { APACHE_MODULES, SHARED_MODULES } from '../../support/doors/apache.ts'
import { placeFiles } from '../../support/doors/door.ts'
import { NJS_MODULE } from '../../support/doors/nginx-njs.ts'
import { type DoorName, requireDoor } from '../../support/doors/start-door.ts'
import { HOSTILE } from '../../support/hostile-audiences.ts'
import { reservePort } from '../../support/ports.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { createTestCa } from '../../support/tls-certificates.ts'

const run = promisify(execFile)
const LIMIT = { timeout: 240_000 }
const folder = mkdtempSync(join(tmpdir(), 'rollcall-arguments-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Files that the configurations name. */
const named = {
  certificateFile: join(folder, 'app.pem'),
  keyFile: join(folder, 'app.key'),
  caFile: join(folder, 'ca/ca.pem'),
  secretFile: join(folder, 'secret.conf'),
  keysFolder: join(folder, 'keys'),
}
let port = 0
beforeAll(async () => {
  if (findTool('openssl') === undefined) return
  const { cert, key } = createTestCa(join(folder, 'ca')).certificateFor('localhost')
  // HAProxy reads both from one file.
  writeFileSync(named.certificateFile, cert + key)
  writeFileSync(named.keyFile, key)
  writeFileSync(named.secretFile, 'proxy_set_header X-Rollcall-Proxy "secret";\n')
  mkdirSync(named.keysFolder)
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (const slot of ['1', '2', '3', '4']) {
    writeFileSync(
      join(named.keysFolder, `${slot}.pem`),
      publicKey.export({ type: 'spki', format: 'pem' }),
    )
  }
  writeFileSync(join(named.keysFolder, 'keys.map'), '')
  port = await reservePort()
})

/** What the printed files become: their text, with this place instead of absolute paths. */
interface Placed {
  readonly place: string
  readonly files: Readonly<Record<string, string>>
}

const apache =
  (module: string) =>
  ({ place, files }: Placed): Promise<unknown> => {
    const modules = [...SHARED_MODULES, 'ssl', module]
      .map((name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`)
      .join('\n')
    const main = join(place, 'apache2.conf')
    // Listen as in ports.conf of Debian.
    writeFileSync(
      main,
      `ServerName localhost\n${modules}\nListen 80\nListen 443\nMutex file:${place}\nErrorLog ${place}/error.log\nInclude ${files['app.conf']}\n`,
    )
    return run('apache2', ['-t', '-f', main])
  }

const nginx =
  (start: string) =>
  ({ place, files }: Placed): Promise<unknown> => {
    const main = join(place, 'nginx.conf')
    writeFileSync(
      main,
      `${start}pid ${place}/pid;\nerror_log stderr;\nevents {}\nhttp { include ${files['app.conf']}; }\n`,
    )
    return run('nginx', ['-t', '-p', place, '-e', 'stderr', '-c', main])
  }

/** How each program says that it accepts the files; each throws if it does not. */
const CHECKS: Readonly<Record<string, (placed: Placed) => Promise<unknown>>> = {
  nginx: nginx(''),
  'nginx-njs': nginx(`load_module ${NJS_MODULE};\n`),
  'apache-openidc': apache('auth_openidc'),
  'apache-oauth2': apache('oauth2'),
  'apache-oauth2-bound': apache('oauth2'),
  haproxy: ({ files }) => run('haproxy', ['-c', '-f', files['haproxy.cfg'] as string]),
  caddy: ({ place, files }) =>
    run('caddy', ['validate', '--adapter', 'caddyfile', '--config', files['Caddyfile'] as string], {
      env: cleanEnvironment({ HOME: place, XDG_CONFIG_HOME: place, XDG_DATA_HOME: place }),
    }),
}

const needDoor = (context: TestContext, name: string): void => {
  requireTool(context, 'openssl', 'apt-get install openssl')
  if (name === 'nginx' || name === 'caddy') requireTool(context, name, `apt-get install ${name}`)
  else requireDoor(context, name as DoorName)
}

const USUAL = { issuer: 'https://localhost', audience: 'https://door.test', role: ['worker'] }

const oddIssuers = (scheme: string): readonly string[] =>
  ['localhost', '127.0.0.1', '[::1]'].flatMap((host) => [
    `${scheme}//${host}`,
    `${scheme}//${host}:4711`,
  ])

/** nginx -t takes the port for a moment, and only root may take one of these. */
const PRIVILEGED = ['1', '80', '443']

/** The values of one option, or of two, for each call. */
const oddArguments = (name: string): readonly TypedOptions[] => [
  ...(name.startsWith('nginx') ? [] : PRIVILEGED).map((listen) => ({
    listen,
  })),
  ...['', '127.0.0.1:', '[::1]:', 'localhost:', '0.0.0.0:', '[::]:'].map((host) => ({
    listen: `${host}${port}`,
  })),
  ...['1', '65535'].flatMap((end) =>
    ['127.0.0.1', '[::1]', 'localhost'].map((host) => ({ upstream: `${host}:${end}` })),
  ),
  ...['https:', 'http:'].flatMap(oddIssuers).map((issuer) => ({ issuer })),
  ...['a', '1e3', 'true', 'xn--bcher-kva.example', '192.0.2.1', 'localhost', `${'a'.repeat(63)}.example`, `${'a.'.repeat(120)}example`].map((host) => ({ host })), // prettier-ignore
  ...['https://door.test:4711', 'https://door.test/~a', 'urn:a:b', '~a', '$a', 'a$1', '%a', '%{a}', '#a', '-m', "it's", '\\', ...HOSTILE].map((audience) => ({ audience, host: 'door.test' })), // prettier-ignore
  { role: ['a', 'a'.repeat(63), 'b-2'] },
  { account: ['1', '9'.repeat(20)], region: ['cn-hangzhou', 'us-west-1'] },
  { name: 'a'.repeat(63) },
]

/** The odd values that a recipe refuses; all others are accepted. */
const APACHE_AUDIENCES = ['https://door.test/~a', '~a', 'a$1', '%{a}', '\\', ...HOSTILE]
const HTTP = oddIssuers('http:')
const IP = oddIssuers('https:').filter((issuer) => !issuer.includes('localhost'))
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  nginx: IP,
  'nginx-njs': IP,
  'apache-openidc': [...HTTP, ...APACHE_AUDIENCES],
  'apache-oauth2': APACHE_AUDIENCES,
  'apache-oauth2-bound': APACHE_AUDIENCES,
  haproxy: ["it's", ...HOSTILE.slice(0, 2)],
  caddy: ['80'],
}

/** What the program says of the files: nothing if it accepts them. */
const outputFor = async (recipe: Recipe, typed: TypedOptions): Promise<string> => {
  const files = recipe.files(fillRecipe(recipe, typed))
  const place = mkdtempSync(join(folder, `${recipe.name}-`))
  const cache = '/var/cache/nginx/rollcall'
  const changes = recipe.name === 'nginx-njs' ? [[cache, join(place, 'cache')] as const] : []
  try {
    await CHECKS[recipe.name]?.({ place, files: placeFiles(files, place, changes) })
    return ''
  } catch (error) {
    const { stderr, stdout } = error as { readonly stderr: string; readonly stdout: string }
    return `${stdout}${stderr}`
  }
}

describe('a file with odd arguments', () => {
  it.for(Object.keys(CHECKS))(
    'of %s is accepted by its program, or refused by the recipe',
    LIMIT,
    async (name, context) => {
      needDoor(context, name)
      const recipe = RECIPES.find((it) => it.name === name) as Recipe
      const has = (option: string): boolean => recipe.options[option as 'listen'] !== undefined
      const given = Object.entries({ ...named, listen: String(port) }).filter(([it]) => has(it))
      const usual = { ...USUAL, ...Object.fromEntries(given) }
      const refused: string[] = []
      for (const typed of oddArguments(name)) {
        if (typed.name !== undefined && !has('name')) continue
        try {
          expect([typed, await outputFor(recipe, { ...usual, ...typed })]).toEqual([typed, ''])
        } catch (error) {
          if (!(error instanceof CommandError)) throw error
          refused.push(String(typed.listen ?? typed.issuer ?? typed.audience))
        }
      }
      expect(refused.toSorted()).toEqual([...(REFUSED[name] ?? [])].toSorted())
    },
  )
})
