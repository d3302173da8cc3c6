// docs/use/node.md: each server that the page shows compiles, starts as it stands there, admits a good token, and
// refuses the bad ones.

import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type IssuerServer, startIssuerServer } from '../../cases/relying-party/issuer-server.ts'
import { type TestKey, makeKey } from '../../cases/state/independent-jws.ts'
import { makeProof } from '../../cases/state/proofs.ts'
import { IN_APP, recipeFile } from '../../generate/recipes.ts'
import { BAD_TOKENS, makeBadTokens, resignToken } from '../../support/bad-tokens.ts'
import { claimsOf } from '../../support/http.ts'
import { publicModules } from '../../support/public-modules.ts'
import { ROOT, readProjectFile } from '../../support/sources.ts'
import { type ServiceProcess, startService } from '../../support/start-service.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'

/** What the page prints; the tests put a free port and the address of their issuer in its place. */
const PRINTED = { issuer: 'https://rollcall.example', listen: 8080, app: 'https://app.example' }

const fences = [
  ...readProjectFile('docs/use/node.md').matchAll(/^```(ts|js) server (\S+)\n([^]*?)^```$/gm),
].map(([, language = '', name = '', script = '']) => ({ language, name, script }))
const bound = fences.find(({ name }) => name === 'bound')
const bearers = fences.filter((fence) => fence !== bound)

const folder = mkdtempSync(join(tmpdir(), 'rollcall-node-page-'))
let server: IssuerServer
beforeAll(async () => {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  server = await startIssuerServer()
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts a server of the page, at another port and with another issuer. */
const start = async ({ name, script, language }: (typeof fences)[number]) => {
  const sources = new Map(publicModules().map(({ specifier, source }) => [specifier, source]))
  const path = join(folder, `${name}.m${language}`)
  const written = script
    .replaceAll(/'(rollcall\/[^']+)'/g, (_, module: string) => {
      const source = sources.get(module)
      if (source === undefined) throw new Error(`the page imports ${module}`)
      return JSON.stringify(join(ROOT, source))
    })
    .replaceAll(PRINTED.issuer, server.issuer)
    .replace(`port: ${PRINTED.listen}`, "port: Number(process.env['PORT'])")
    .replace(`listen(${PRINTED.listen}`, "listen(Number(process.env['PORT'])")
  writeFileSync(path, written)
  const command = [process.execPath, '--import', import.meta.resolve('tsx'), path]
  return startService('Node', { variables: {}, command })
}

/** Sends headers as they are given, also two of one name. */
const ask = (
  { url }: ServiceProcess,
  headers: readonly string[],
): Promise<{ readonly status: number; readonly text: string; readonly challenge?: string }> =>
  new Promise((resolve, reject) => {
    const { host } = new URL(url)
    httpRequest(`${url}/nodes/me`, { headers: ['Host', host, ...headers] }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => {
        const challenge = response.headers['www-authenticate']
        resolve({
          status: response.statusCode ?? 0,
          text,
          ...(challenge !== undefined && { challenge }),
        })
      })
    })
      .on('error', reject)
      .end()
  })

describe('docs/use/node.md', () => {
  it('shows servers with Hono, Express, node:http and fetch, and one for bound tokens', () => {
    const names = ['hono', 'express', 'node-http', 'fetch', 'bound']
    expect(fences.map(({ name }) => name)).toEqual(names)
  })

  it('has TypeScript that compiles under strict rules', () => {
    const sources = publicModules().map(({ specifier, source }) => [
      specifier,
      [join(ROOT, source)],
    ])
    const files = fences
      .filter(({ language }) => language === 'ts')
      .map(({ name, script }) => {
        const path = join(ROOT, 'test/system/relying-party', `${name}.page.ts`)
        return [path, script] as const
      })
    const options: ts.CompilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      allowImportingTsExtensions: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: ['node'],
      paths: Object.fromEntries(sources) as Record<string, string[]>,
    }
    const host = ts.createCompilerHost(options)
    const scripts = new Map<string, string>(files)
    const { getSourceFile, fileExists } = host
    host.fileExists = (path) => scripts.has(path) || fileExists(path)
    host.getSourceFile = (path, version, ...rest) => {
      const script = scripts.get(path)
      return script === undefined
        ? getSourceFile(path, version, ...rest)
        : ts.createSourceFile(path, script, version)
    }
    const program = ts.createProgram([...scripts.keys()], options, host)
    const problems = [...scripts.keys()].flatMap((path) =>
      ts.getPreEmitDiagnostics(program, program.getSourceFile(path)),
    )
    expect(problems.map(({ messageText }) => messageText)).toEqual([])
  })
})

describe.each(bearers)('the server of docs/use/node.md with $name', (fence) => {
  let app: ServiceProcess
  beforeAll(async () => {
    app = await start(fence)
  })
  afterAll(async () => void (await app.stop()))

  it('admits a good token', async () => {
    const { status, text } = await ask(app, ['Authorization', `Bearer ${await server.enroll()}`])
    expect(status).toBe(200)
    expect(JSON.parse(text)).toMatchObject({ instance_id: DOCUMENT_FIELDS['instance-id'] })
  })

  it('refuses the bad tokens, with the status and the challenge', async () => {
    for (const [name, token] of makeBadTokens(await server.source())) {
      const { status, challenge } = await ask(app, ['Authorization', `Bearer ${token}`])
      expect([name, status]).toEqual([name, BAD_TOKENS[name].authorize])
      expect(challenge).toBe(status === 401 ? 'Bearer error="invalid_token"' : undefined)
    }
    expect(app.output()).toContain('token_expired')
  })

  it('refuses no token, and two of them, the first of which is valid', async () => {
    const token = await server.enroll()
    expect(await ask(app, [])).toMatchObject({ status: 401, challenge: 'Bearer' })
    const twice = ['Authorization', `Bearer ${token}`, 'Authorization', 'Bearer x']
    expect((await ask(app, twice)).status).toBe(401)
  })
})

describe('a server of one account and region, as rollcall recipe prints it', () => {
  it('refuses tokens of another account and of another region', async () => {
    const { 'owner-account-id': account = '', 'region-id': region = '' } = DOCUMENT_FIELDS
    const script = recipeFile('fetch', { ...IN_APP, account: ['1', account], region: [region] })
    const app = await start({ name: 'conditions', language: 'ts', script })
    try {
      const source = await server.source()
      const claims = claimsOf(source.goodToken) as { readonly sub: string; readonly ecs: object }
      // The subject has both, too, and has to agree.
      const statusWith = async (change: object, [from, to] = ['', '']): Promise<number> => {
        const { ecs, sub } = claims
        const changed = { ecs: { ...ecs, ...change }, sub: sub.replace(from, to) }
        const token = resignToken(source, changed)
        return (await ask(app, ['Authorization', `Bearer ${token}`])).status
      }
      expect(await statusWith({}), app.output()).toBe(200)
      expect(await statusWith({ owner_account_id: '2' }, [account, '2'])).toBe(403)
      expect(await statusWith({ region_id: 'cn-third' }, [region, 'cn-third'])).toBe(403)
    } finally {
      await app.stop()
    }
  })
})

describe('the server of docs/use/node.md for bound tokens', () => {
  let app: ServiceProcess
  let key: TestKey
  beforeAll(async () => {
    if (bound === undefined) throw new Error('the page has no such server')
    key = await makeKey()
    app = await start(bound)
  })
  afterAll(async () => void (await app.stop()))

  const prove = (token: string, htu = `${PRINTED.app}/nodes/me`): string[] => [
    'Authorization',
    `DPoP ${token}`,
    'DPoP',
    makeProof(key, server.issuer, 'unused', {
      claims: {
        jti: randomUUID(),
        htm: 'GET',
        htu,
        // Later than the ledger in memory began, which is the second after the server started.
        iat: Math.floor(Date.now() / 1000) + 3,
        ath: createHash('sha256').update(token).digest('base64url'),
        nonce: undefined,
      },
    }),
  ]

  it('admits a bound token with its proof once, and neither stolen nor unbound tokens', async () => {
    const source = await server.source()
    const token = resignToken(source, { cnf: { jkt: key.thumbprint } })
    const proved = prove(token)
    const hostile = prove(token, 'https://evil.example/nodes/me')
    expect((await ask(app, proved)).status).toBe(200)
    expect((await ask(app, proved)).status).toBe(401)
    expect((await ask(app, hostile)).status).toBe(401)
    expect((await ask(app, ['Authorization', `Bearer ${token}`])).status).toBe(401)
    expect((await ask(app, ['Authorization', `Bearer ${source.goodToken}`])).status).toBe(401)
    for (const code of ['dpop_replayed', 'dpop_uri_mismatch', 'proof_missing', 'binding_required'])
      expect(app.output()).toContain(code)
  })
})
