// What `rollcall recipe` prints, for the programs that read it: each file can be parsed, a hostile value stays a value,
// and the scripts do what they say.

import { execFile } from 'node:child_process'
import { X509Certificate, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { transform } from 'esbuild'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CommandError } from '../../../src/cli/command-error.ts'
import type { TypedOptions } from '../../../src/cli/recipe/fill.ts'
import type { RecipeFile, RecipeLanguage } from '../../../src/cli/recipe/form.ts'
import { js, quoted, sh } from '../../../src/cli/recipe/quote.ts'
import { RECIPES } from '../../../src/cli/recipe/recipes/index.ts'
import { recipeFile, recipeFiles } from '../../generate/recipes.ts'
import { EVERY, HOSTILE } from '../../support/hostile-audiences.ts'
import { startListening } from '../../support/listening.ts'
import { reservePort } from '../../support/ports.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { type TestCa, createTestCa } from '../../support/tls-certificates.ts'

const run = promisify(execFile)
const LIMIT = { timeout: 60_000 }
const folder = mkdtempSync(join(tmpdir(), 'rollcall-recipe-'))
let ca: TestCa | undefined
beforeAll(() => {
  if (findTool('openssl') === undefined) return
  ca = createTestCa(join(folder, 'ca'))
  const { cert, key } = ca.certificateFor('localhost')
  writeFileSync(join(folder, 'app.pem'), cert)
  writeFileSync(join(folder, 'app.key'), key)
})
afterAll(() => rmSync(folder, { recursive: true }))

const USUAL = {
  issuer: 'https://localhost',
  audience: 'https://door.test',
  role: ['node-role', 'second-role'],
} as const

/** The files of a recipe; `undefined` if it refuses a value. */
const filesOf = (name: string, typed: TypedOptions): readonly RecipeFile[] | undefined => {
  try {
    return recipeFiles(name, typed)
  } catch (error) {
    if (error instanceof CommandError) return undefined
    throw error
  }
}

let count = 0
/** Writes a file of a recipe in a folder of its own. @returns its path */
const write = ({ path, text }: Pick<RecipeFile, 'path' | 'text'>): string => {
  const file = join(folder, String(count++), path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

const tool = (context: TestContext, name: string, debian: string): string =>
  requireTool(context, name, `apt-get install ${debian}`)

/** How a program says that it can read a file of this language; it throws if it can't. */
const READERS: Readonly<
  Partial<Record<RecipeLanguage, (file: string, context: TestContext) => Promise<unknown>>>
> = {
  js: (file) => run(process.execPath, ['--check', file]),
  ts: async (file) => transform(readFileSync(file, 'utf8'), { loader: 'ts' }),
  python: (file, context) =>
    run(tool(context, 'python3', 'python3'), [
      '-c',
      'import ast, sys; ast.parse(open(sys.argv[1]).read())',
      file,
    ]),
  async go(file, context) {
    const { stdout } = await run(tool(context, 'gofmt', 'golang-go'), ['-e', '-l', file])
    // It lists a file that is not formatted.
    expect(stdout).toBe('')
  },
  async sh(file, context) {
    await run('sh', ['-n', file])
    // Below a warning: a value with `$` in single quotes, which is what it should be.
    await run(tool(context, 'shellcheck', 'shellcheck'), ['--severity=warning', file])
  },
}

const severalRoles = new Set(RECIPES.filter((it) => it.severalRoles).map(({ name }) => name))
const NAMES = RECIPES.map(({ name }) => name)

/** Values for a recipe: all that it can demand. */
const valuesFor = (name: string, audience: string = USUAL.audience): TypedOptions => {
  const { conditions = [], options = {} } = RECIPES.find((it) => it.name === name) ?? {}
  return {
    ...USUAL,
    audience,
    role: severalRoles.has(name) ? USUAL.role : ['node-role'],
    ...(options.host !== undefined && { host: 'door.test' }),
    ...(options.ramAccount !== undefined && { ramAccount: '1234' }),
    ...(conditions.includes('accounts') && { account: ['1', '2'] }),
    ...(conditions.includes('regions') && { region: ['cn-hangzhou', 'cn-beijing'] }),
  }
}

describe('a file of a recipe', () => {
  it.for(NAMES)(
    'of %s can be read by the program of its language',
    LIMIT,
    async (name, context) => {
      const files = [USUAL.audience, ...HOSTILE].flatMap(
        (audience) => filesOf(name, valuesFor(name, audience)) ?? [],
      )
      for (const file of files) await READERS[file.language]?.(write(file), context)
    },
  )

  it('of nginx passes nginx -t as it is printed', async (context) => {
    const nginx = tool(context, 'nginx', 'nginx')
    tool(context, 'openssl', 'openssl')
    for (const audience of [USUAL.audience, ...HOSTILE]) {
      const place = mkdtempSync(join(folder, 'nginx-'))
      const secretFile = join(place, 'secret.conf')
      writeFileSync(secretFile, 'proxy_set_header X-Rollcall-Proxy "secret";\n')
      const printed = recipeFile(
        'nginx',
        {
          ...valuesFor('nginx', audience),
          certificateFile: join(folder, 'app.pem'),
          keyFile: join(folder, 'app.key'),
          caFile: ca?.file ?? '',
          secretFile,
        },
        'nginx',
      )
      const site = write({ path: 'app.conf', text: printed })
      const main = `pid ${place}/pid;\nerror_log stderr;\nevents {}\nhttp { include ${site}; }\n`
      const file = write({ path: 'nginx.conf', text: main })
      const { stderr } = await run(nginx, ['-t', '-p', place, '-e', 'stderr', '-c', file])
      expect(stderr).toMatch(/test is successful/)
    }
  })

  it('of HAProxy passes haproxy -c, unless it refuses the audience', async (context) => {
    const haproxy = tool(context, 'haproxy', 'haproxy')
    tool(context, 'openssl', 'openssl')
    const keysFolder = mkdtempSync(join(folder, 'keys-'))
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    for (const slot of ['1', '2', '3', '4']) {
      const pem = publicKey.export({ type: 'spki', format: 'pem' })
      writeFileSync(join(keysFolder, `${slot}.pem`), pem)
    }
    writeFileSync(join(keysFolder, 'keys.map'), '')
    const certificateFile = join(folder, 'both.pem')
    const both = ['app.pem', 'app.key'].map((name) => readFileSync(join(folder, name), 'utf8'))
    writeFileSync(certificateFile, both.join(''))
    const accepted: string[] = []
    // HAProxy has no escape for a single quote.
    for (const audience of [USUAL.audience, ...HOSTILE, EVERY.replace("'", '')]) {
      const typed = { ...valuesFor('haproxy', audience), keysFolder, certificateFile }
      const files = filesOf('haproxy', typed)?.filter(({ path }) => path.endsWith('.cfg'))
      if (files?.[0] === undefined) continue
      await run(haproxy, ['-c', '-f', write(files[0])])
      accepted.push(audience)
    }
    expect(accepted).toHaveLength(4)
  })

  it('of Caddy is one site that asks rollcall for this audience', async (context) => {
    const caddy = tool(context, 'caddy', 'caddy')
    for (const audience of [USUAL.audience, ...HOSTILE]) {
      const text = recipeFile('caddy', valuesFor('caddy', audience), 'caddyfile')
      const { stdout } = await run(
        caddy,
        ['adapt', '--adapter', 'caddyfile', '--config', write({ path: 'Caddyfile', text })],
        {
          env: cleanEnvironment({ HOME: folder }),
        },
      )
      const asked = [
        ...JSON.stringify(JSON.parse(stdout)).matchAll(/"uri":"(\/v1\/authorize\?[^"]+)"/g),
      ]
      expect(asked).toHaveLength(1)
      const query = new URL(asked[0]?.[1] ?? '', 'https://a').searchParams
      expect(Object.fromEntries(query)).toEqual({
        audience,
        role: 'node-role,second-role',
        account: '1,2',
        region: 'cn-hangzhou,cn-beijing',
      })
    }
  })
})

describe('a hostile value', () => {
  it.for(HOSTILE)('%j is one value for sh, JavaScript and Python', async (value, context) => {
    const shell = await run('sh', ['-c', `printf '%s|' ${sh(value)}`], { cwd: folder })
    expect(shell.stdout).toBe(`${value}|`)
    const node = await run(process.execPath, ['-p', js(value)])
    expect(node.stdout).toBe(`${value}\n`)
    const python = tool(context, 'python3', 'python3')
    expect((await run(python, ['-c', `print(${quoted(value)})`])).stdout).toBe(`${value}\n`)
  })
})

describe('the script that creates a RAM role', () => {
  it('gives RAM the fingerprint of the last certificate of the issuer, and the trust policy', async (context) => {
    tool(context, 'openssl', 'openssl')
    const authority = readFileSync(ca?.file ?? '', 'utf8')
    const [cert, key] = ['app.pem', 'app.key'].map((name) =>
      readFileSync(join(folder, name), 'utf8'),
    )
    const server = await startListening(createServer({ cert: `${cert}${authority}`, key }))
    context.onTestFinished(() => server.close())
    const files = recipeFiles('alibaba-ram', {
      ...valuesFor('alibaba-ram'),
      issuer: `https://localhost:${server.port}`,
    })
    const place = mkdtempSync(join(folder, 'ram-'))
    for (const { path, text } of files) {
      if (!path.startsWith('/')) writeFileSync(join(place, path), text)
    }
    const bin = join(place, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'aliyun'), '#!/bin/sh\nprintf "%s\\n" "$*" >> calls\n', { mode: 0o755 })
    await run('sh', ['create-role.sh'], {
      cwd: place,
      env: cleanEnvironment({ PATH: `${bin}:${process.env['PATH']}` }),
    })
    const [provider = '', ...role] = readFileSync(join(place, 'calls'), 'utf8').split('\n')
    const fingerprint = new X509Certificate(authority).fingerprint.replaceAll(':', '')
    expect(provider).toBe(
      `ims CreateOIDCProvider --OIDCProviderName rollcall --IssuerUrl https://localhost:${server.port} ` +
        `--ClientIds https://door.test --Fingerprints ${fingerprint} --IssuanceLimitTime 1`,
    )
    expect(role.join('\n')).toContain(readFileSync(join(place, 'trust-policy.json'), 'utf8'))
  })

  it('creates nothing if the issuer sends no certificate', async (context) => {
    tool(context, 'openssl', 'openssl')
    const place = mkdtempSync(join(folder, 'ram-'))
    const issuer = `https://localhost:${await reservePort()}`
    const script = recipeFile('alibaba-ram', { ...valuesFor('alibaba-ram'), issuer }, 'sh')
    const bin = join(place, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'aliyun'), '#!/bin/sh\necho called >> calls\n', { mode: 0o755 })
    const error: unknown = await run('sh', [write({ path: 'create-role.sh', text: script })], {
      cwd: place,
      env: cleanEnvironment({ PATH: `${bin}:${process.env['PATH']}` }),
    }).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 1 })
    expect((error as { stderr: string }).stderr).toMatch(/localhost:\d+ sent no certificate\n$/)
    expect(existsSync(join(place, 'calls'))).toBe(false)
  })
})
