// The package as it is packed: what is in it, and whether each of its files does its job where it is
// installed. What programs do with it is in package-programs.test.ts.

import { createPackageFromTarballData, checkPackage } from '@arethetypeswrong/core'
import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packagesIn } from '../../functions/build/notices.ts'
import tsdownConfig from '../../tsdown.config.ts'
import { startClientServers } from '../support/client-servers.ts'
import { ROLE, claimsOf } from '../support/test-enroller.ts'
import { requireNode24 } from '../support/node24.ts'
import { installPackage, installedWith, packPackage } from '../support/packed-package.ts'
import { cleanEnvironment, startProcess, waitUntil } from '../support/processes.ts'
import { publicModules } from '../support/public-modules.ts'
import { ROOT, keptFiles, readProjectFile } from '../support/sources.ts'

const run = promisify(execFile)
const specifiers = publicModules().map(({ specifier }) => specifier)

/** Enrolls with a command, bound to a key, and gives the claims of the token. */
const enrollWith = async (
  program: string,
  args: readonly string[],
): Promise<Record<string, unknown>> => {
  const servers = await startClientServers({ role: { binding: 'dpop' } })
  const cwd = mkdtempSync(join(tmpdir(), 'rollcall-enroll-'))
  try {
    const options = [
      '--role',
      ROLE,
      '--metadata-url',
      servers.metadataUrl,
      '--dpop-key',
      'key.json',
    ]
    const deliver = ['--out', 'token.jwt', '--exec', 'cat "$ROLLCALL_TOKEN_FILE"']
    const { stdout } = await run(
      program,
      [...args, 'enroll', servers.url, ...options, ...deliver],
      {
        cwd,
        env: cleanEnvironment(),
      },
    )
    expect(statSync(join(cwd, 'key.json')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(cwd, 'token.jwt'), 'utf8')).toBe(stdout)
    return claimsOf(stdout)
  } finally {
    rmSync(cwd, { recursive: true })
    await servers.close()
  }
}

describe('the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-package-'))
  let installed = ''
  let tarball = ''
  /** What other commands make. A build keeps these files, and no package has them. */
  const others = [
    'dist/signing-keys.json',
    'dist/functions/policy.json',
    'dist/cli/keys.json',
    'docs/api/index.html',
  ]

  beforeAll(async () => {
    tarball = await packPackage(join(folder, 'source'), others)
    installed = await installPackage(folder, tarball)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('has these files, and none that other commands make', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball])
    const paths = stdout.trim().split('\n')
    // Shared pieces have the hash of their content in their names.
    const named = paths.map((path) =>
      path.replace(/^package\//, '').replace(/-[\w-]{8}(?=\.(?:js|d\.ts)$)/, '-*'),
    )
    const isPage = (path: string): boolean => path.startsWith('docs/')
    expect(named.filter(isPage).toSorted()).toEqual(keptFiles().filter(isPage).toSorted())
    const rest = named.filter((path) => !isPage(path) && !path.includes('-*.'))
    expect(rest.toSorted()).toMatchInlineSnapshot(`
      [
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "README.zh-CN.md",
        "SECURITY.md",
        "dist/package/cli/THIRD-PARTY-NOTICES",
        "dist/package/cli/rollcall.cjs",
        "dist/package/client/index.d.ts",
        "dist/package/client/index.js",
        "dist/package/emulator/index.d.ts",
        "dist/package/emulator/index.js",
        "dist/package/http/index.d.ts",
        "dist/package/http/index.js",
        "dist/package/index.d.ts",
        "dist/package/index.js",
        "dist/package/ledger/deno-kv.d.ts",
        "dist/package/ledger/deno-kv.js",
        "dist/package/ledger/durable-object.d.ts",
        "dist/package/ledger/durable-object.js",
        "dist/package/ledger/memory.d.ts",
        "dist/package/ledger/memory.js",
        "dist/package/ledger/redis.d.ts",
        "dist/package/ledger/redis.js",
        "dist/package/ledger/sqlite.d.ts",
        "dist/package/ledger/sqlite.js",
        "dist/package/metadata/index.d.ts",
        "dist/package/metadata/index.js",
        "dist/package/node/node-crypto.d.ts",
        "dist/package/node/node-crypto.js",
        "dist/package/relying-party/index.d.ts",
        "dist/package/relying-party/index.js",
        "dist/package/service/index.d.ts",
        "dist/package/service/index.js",
        "package.json",
      ]
    `)
    const shared = named.filter((path) => path.includes('-*.'))
    expect(shared.filter((path) => !/^dist\/package\/[\w-]+-\*\.(?:js|d\.ts)$/.test(path))).toEqual(
      [],
    )
    for (const path of others) expect(existsSync(join(folder, 'source', path))).toBe(true)
  })

  it('is not packed while its folder has a file that the build did not make', async () => {
    const key = join(folder, 'source/dist/package/cli/signing-keys.json')
    writeFileSync(key, '{}')
    const packed = run('npm', ['pack'], { cwd: join(folder, 'source'), env: cleanEnvironment() })
    await expect(packed).rejects.toThrow(
      'the build did not make these files; move them to another folder, or delete them:\n' +
        '  dist/package/cli/signing-keys.json',
    )
    expect(readFileSync(key, 'utf8')).toBe('{}')
    rmSync(key)
  })

  it('is not published by mistake', async () => {
    // Nothing listens there.
    const registry = [
      '--registry=http://127.0.0.1:1/',
      '--//127.0.0.1:1/:_authToken=none',
      '--fetch-retries=0',
    ]
    const publish = run('npm', ['publish', tarball, ...registry], {
      // Under `npm run --silent` npm would say nothing.
      env: cleanEnvironment({ npm_config_loglevel: 'error' }),
    })
    await expect(publish).rejects.toThrow('EPRIVATE')
  })

  it('brings three packages along, and ioredis only if its user installs it', () => {
    expect(installedWith().toSorted()).toEqual(['hono', 'jose', 'valibot'])
  })

  it('has the notices of all packages whose code is in the command', () => {
    const command = join(installed, 'dist/package/cli')
    const notices = readFileSync(join(command, 'THIRD-PARTY-NOTICES'), 'utf8')
    // The bundler marks where each module begins.
    const marks = readFileSync(join(command, 'rollcall.cjs'), 'utf8').matchAll(
      /^\/\/#region .*\bnode_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//gm,
    )
    const bundled = new Set([...marks].map(([, name = '']) => name))
    expect([...bundled]).toContain('commander')
    const versions = [...bundled].map((name) => {
      const { version } = JSON.parse(readProjectFile(`node_modules/${name}/package.json`)) as {
        version: string
      }
      return `${name} ${version}`
    })
    expect(packagesIn(notices)).toEqual(versions.toSorted())
    for (const holder of ['Yusuke Wada', 'TJ Holowaychuk', 'Filip Skokan', 'Eemeli Aro']) {
      expect(notices).toContain(holder)
    }
  })

  it('has no package in the library', () => {
    const library = readdirSync(join(installed, 'dist/package'), {
      recursive: true,
      encoding: 'utf8',
    })
      .filter((path) => path.endsWith('.js'))
      .map((path) => readFileSync(join(installed, 'dist/package', path), 'utf8'))
    expect(library.length).toBeGreaterThan(10)
    expect(library.filter((text) => /#region .*node_modules/.test(text))).toEqual([])
  })

  it('is built from the very files that JSR publishes', () => {
    const [library] = tsdownConfig as readonly { readonly entry?: unknown }[]
    const sources = publicModules().map(({ built, source }) => [built, source])
    expect(library?.entry).toEqual(Object.fromEntries(sources))
  })

  it.each(publicModules())('has the example of $specifier in its types', ({ source, built }) => {
    const [docstring = ''] = /^\/\*\*[^]*?\*\/\n/.exec(readProjectFile(source)) ?? []
    expect(docstring).toContain(' * @example\n')
    expect(readFileSync(join(installed, `dist/package/${built}.d.ts`), 'utf8')).toContain(docstring)
  })

  it('passes publint', async () => {
    const { messages } = await publint({ pkgDir: installed, strict: true, pack: false })
    expect(messages).toEqual([])
  })

  it('passes "are the types wrong" for ESM only', async () => {
    const data = new Uint8Array(readFileSync(tarball))
    const result = await checkPackage(createPackageFromTarballData(data))
    const problems = 'problems' in result ? result.problems : ['no types']
    // What the profile for packages that are ESM only leaves out: CommonJS and the resolution of old.
    const counted = problems.filter(
      (problem) =>
        typeof problem === 'string' ||
        !('resolutionKind' in problem) ||
        !['node10', 'node16-cjs'].includes(problem.resolutionKind),
    )
    expect(counted).toEqual([])
  })

  it.each(specifiers)('has %s imported by Node', async (specifier) => {
    const script = `console.log(Object.keys(await import('${specifier}')).length)`
    const args = ['--input-type=module', '--eval', script]
    const { stdout } = await run(process.execPath, args, { cwd: folder, env: cleanEnvironment() })
    expect(Number(stdout)).toBeGreaterThan(0)
  })

  // The cryptography of Node is for Node alone.
  const portable = specifiers.filter((specifier) => specifier !== 'rollcall/node-crypto')
  it.each(portable)('has %s bundled for a browser-like platform', async (specifier) => {
    const { outputFiles, warnings } = await build({
      stdin: { contents: `export * from '${specifier}'`, resolveDir: folder },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      logLevel: 'silent',
    })
    expect(warnings).toEqual([])
    expect(outputFiles[0]?.text.length).toBeGreaterThan(100)
  })

  it('has all of it imported by Deno', async () => {
    const file = join(folder, 'all.ts')
    const imports = specifiers.map((name, i) => `import * as m${i} from '${name}'`)
    const counts = specifiers.map((_, i) => `Object.keys(m${i}).length`)
    writeFileSync(file, `${imports.join('\n')}\nconsole.log(Math.min(${counts.join(', ')}))\n`)
    const deno = join(ROOT, 'node_modules/deno/bin.cjs')
    const args = [deno, 'run', '--node-modules-dir=manual', '--cached-only', '--allow-env', file]
    const { stdout } = await run(process.execPath, args, { cwd: folder, env: cleanEnvironment() })
    expect(Number(stdout)).toBeGreaterThan(0)
  })

  it('has the command as node_modules/.bin/rollcall', async () => {
    const env = cleanEnvironment()
    // What `npm install` does for a package that it has unpacked: no registry is needed.
    await run('npm', ['rebuild', 'rollcall', '--offline'], { cwd: folder, env })
    const bin = join(folder, 'node_modules/.bin/rollcall')
    const rollcall = async (...args: string[]): Promise<string> =>
      (await run(bin, args, { cwd: folder, env })).stdout
    expect(await rollcall('admin', '--help')).toMatch(
      /^Usage: rollcall admin [\s\S]*Exit status: 0 done/,
    )
    expect(await rollcall('--version')).toBe('0.1.0\n')
    const subcommands = (await rollcall('--help')).matchAll(/^  ([a-z]+)(?: |$)/gm)
    for (const [, name = ''] of subcommands) {
      if (name === 'help') continue
      expect(await rollcall(name, '--help')).toContain(`rollcall ${name}`)
    }
    const keys = JSON.parse(await rollcall('admin', 'keygen', '--out', 'operator.json')) as object
    expect(keys).toMatchObject({ keys: [{ alg: 'ES256' }] })
  })

  it('has the command run on Node 24 too', async (context) => {
    const node = await requireNode24(context)
    const env = cleanEnvironment({ PATH: [dirname(node), process.env['PATH']].join(delimiter) })
    await run('npm', ['rebuild', 'rollcall', '--offline'], { cwd: folder, env })
    const bin = join(folder, 'node_modules/.bin/rollcall')
    const { stdout } = await run(bin, ['--version'], { cwd: folder, env })
    expect(stdout).toBe('0.1.0\n')
    expect(await enrollWith(node, [bin])).toMatchObject({ role: ROLE })
  })

  it('has the command in one file that needs no other, on Node and on Deno', async () => {
    const alone = join(folder, 'alone')
    mkdirSync(alone)
    const file = join(alone, 'rollcall.cjs')
    cpSync(join(installed, 'dist/package/cli/rollcall.cjs'), file)
    // As in /usr/local/bin, where no package says what kind of file it is.
    writeFileSync(join(alone, 'package.json'), '{}')
    const command = join(alone, 'rollcall')
    cpSync(file, command)
    const deno = join(ROOT, 'node_modules/deno/bin.cjs')
    const env = cleanEnvironment({ DENO_DIR: join(folder, 'deno') })
    const allowed = ['net', 'env', 'read', 'write', 'run'].map((name) => `--allow-${name}`)
    const denoRun = [deno, 'run', '--no-remote', '--no-npm', ...allowed, file]
    // What Node 20.0 does, and later ones with this option: it doesn't look into the file.
    const guessless = process.allowedNodeEnvironmentFlags.has('--experimental-detect-module')
      ? ['--no-experimental-detect-module']
      : []
    for (const args of [[...guessless, command], denoRun]) {
      const { stdout } = await run(process.execPath, [...args, '--version'], { cwd: alone, env })
      expect(stdout).toBe('0.1.0\n')
      expect(await enrollWith(process.execPath, args)).toMatchObject({ role: ROLE })
    }
    const emulator = startProcess(process.execPath, [...denoRun, 'emulate', '--port', '0'])
    const ready = (): boolean => emulator.output.stdout.includes('\nthen: ')
    const alive = (): boolean => emulator.child.exitCode === null
    await waitUntil(ready, { seconds: 30, what: 'the emulator on Deno', alive }).finally(() =>
      emulator.stop(),
    )
  })

  it.each([
    ['redis', "createRedisLedger({ url: 'redis://127.0.0.1:1' })", 'ioredis is not installed'],
    ['sqlite', "createSqliteLedger({ path: 'ledger.db' })", 'this runtime has no node:sqlite'],
    ['deno-kv', 'createDenoKvLedger({})', 'Deno KV'],
  ])('has rollcall/ledger/%s say what it lacks, when it is used', async (name, make, message) => {
    const script = `import * as driver from 'rollcall/ledger/${name}'
      const ledger = driver.${make}
      await ledger.read('kind:name', 1).then(
        () => console.log('${message}: it is all there'),
        ({ name, message }) => console.log(name, message),
      )
      await ledger.close()`
    const args = ['--input-type=module', '--eval', script]
    const { stdout } = await run(process.execPath, args, { cwd: folder, env: cleanEnvironment() })
    const lacks = name !== 'sqlite' || process.getBuiltinModule('node:sqlite') === undefined
    expect(stdout).toMatch(lacks ? /^LedgerUnfitError / : /it is all there$/m)
    expect(stdout).toContain(message)
  })

  it('pulls in no package but valibot when the library is imported', async () => {
    const { metafile } = await build({
      stdin: { contents: "export * from 'rollcall'", resolveDir: folder },
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
    })
    const inputs = Object.keys(metafile.inputs)
    const packages = inputs.flatMap(
      (path) => /node_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//.exec(path)?.[1] ?? [],
    )
    expect([...new Set(packages)].filter((name) => name !== 'rollcall')).toEqual(['valibot'])
  })
})
