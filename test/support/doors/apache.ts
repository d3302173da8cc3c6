// Apache as a door, with either of two modules.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:http'
import { join } from 'node:path'
import type { Recipe } from '../../../src/cli/recipe/form.ts'
import { apacheOauth2, apacheOauth2Bound } from '../../../src/cli/recipe/recipes/apache-oauth2.ts'
import { apacheOpenidc } from '../../../src/cli/recipe/recipes/apache-openidc.ts'
import { startListening } from '../listening.ts'
import { reservePort } from '../ports.ts'
import { startProcess } from '../processes.ts'
import { type Changes, type DoorOptions, type StartDoor, placeFiles, recipeFiles } from './door.ts'
import { behindDoor } from './http-door.ts'

/** Where Debian has the modules of Apache. */
export const APACHE_MODULES = '/usr/lib/apache2/modules'

/** The modules that a site of both recipes needs, without TLS. */
export const SHARED_MODULES: readonly string[] = [
  'mpm_event',
  'authn_core',
  'authz_core',
  'authz_user',
  'setenvif',
  'headers',
  'proxy',
  'proxy_http',
]

const mainConfiguration = (folder: string, modules: readonly string[]): string =>
  `ServerName 127.0.0.1
DefaultRuntimeDir ${folder}
Mutex file:${folder}
PidFile ${folder}/pid
ErrorLog ${folder}/error.log
LogLevel warn
${modules.map((name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`).join('\n')}
StartServers 1
ServerLimit 1
ThreadsPerChild 25
MaxRequestWorkers 25
Include ${folder}/app.conf
`

interface Site {
  readonly recipe: Recipe
  readonly module: string
  readonly options: object
  readonly changes: Changes
  readonly close?: () => Promise<void>
}

const startApache = (options: DoorOptions, folder: string, site: Site) =>
  behindDoor(site.recipe.title, async (app) => {
    const port = await reservePort()
    const files = recipeFiles(site.recipe, options, {
      listen: `127.0.0.1:${port}`,
      upstream: `127.0.0.1:${app.port}`,
      ...site.options,
    })
    placeFiles(files, folder, [
      // TLS to clients is nothing of this recipe's.
      [/ {2}SSL.*\n/, ''],
      ...site.changes,
      ...(options.changes ?? []),
    ])
    const main = join(folder, 'apache2.conf')
    writeFileSync(main, mainConfiguration(folder, [...SHARED_MODULES, site.module]))
    const log = join(folder, 'error.log')
    return {
      port,
      process: startProcess('apache2', ['-f', main, '-DFOREGROUND']),
      log: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
      ...(site.close && { close: site.close }),
    }
  })

/** Starts Apache with mod_auth_openidc. */
export const startApacheOpenidc: StartDoor = (options, folder) =>
  startApache(options, folder, {
    recipe: apacheOpenidc,
    module: 'auth_openidc',
    options: { caFile: options.caFile },
    changes: [],
  })

/** Hands the keys of an issuer on without TLS: mod_oauth2 trusts the CAs of the system alone. */
const startPlainKeys = async ({ issuer, caFile }: DoorOptions) => {
  const ca = readFileSync(caFile)
  return startListening(
    createServer((asked, response) => {
      request(`${issuer}${asked.url}`, { ca, agent: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
        .on('error', () => response.destroy())
        .end()
    }),
  )
}

const startOauth2 =
  (recipe: Recipe): StartDoor =>
  async (options, folder) => {
    const plain = await startPlainKeys(options)
    const jwks = '/.well-known/jwks.json'
    return startApache(options, folder, {
      recipe,
      module: 'oauth2',
      options: {},
      changes: [
        [`jwks_uri ${options.issuer}${jwks}`, `jwks_uri http://127.0.0.1:${plain.port}${jwks}`],
      ],
      close: plain.close,
    })
  }

/** Starts Apache with mod_oauth2. */
export const startApacheOauth2 = startOauth2(apacheOauth2)

/** Starts Apache with mod_oauth2 for bound tokens. */
export const startApacheOauth2Bound = startOauth2(apacheOauth2Bound)
