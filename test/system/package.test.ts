// The package as it would be published: built, packed, unpacked into an empty project, and then
// imported as users do: in Node, in a bundler and in Deno.

import { createPackageFromTarballData, checkPackage } from '@arethetypeswrong/core'
import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import tsdownConfig from '../../tsdown.config.ts'
import { startClientServers } from '../support/client-servers.ts'
import { ROLE, claimsOf } from '../support/test-enroller.ts'
import { requireNode24 } from '../support/node24.ts'
import { installPackage, packPackage } from '../support/packed-package.ts'
import { cleanEnvironment, startProcess, waitUntil } from '../support/processes.ts'
import { publicModules } from '../support/public-modules.ts'
import { ROOT, readProjectFile } from '../support/sources.ts'

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
  /** What others put into `dist`, which a build must keep and a package must not have. */
  const others = ['dist/signing-keys.json', 'dist/functions/policy.json']
  const stale = 'dist/stale-Bvgc7xkg.js'

  beforeAll(async () => {
    tarball = await packPackage(join(folder, 'source'), [...others, stale])
    installed = await installPackage(folder, tarball)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is built beside keys and policies, which are kept and not published', () => {
    for (const path of others) {
      expect(existsSync(join(folder, 'source', path))).toBe(true)
      expect(existsSync(join(installed, path))).toBe(false)
    }
    expect(existsSync(join(folder, 'source', stale))).toBe(false)
    expect(existsSync(join(installed, stale))).toBe(false)
  })

  it('is built from the very files that JSR publishes', () => {
    const [library] = tsdownConfig as readonly { readonly entry?: unknown }[]
    const sources = publicModules().map(({ built, source }) => [built, source])
    expect(library?.entry).toEqual(Object.fromEntries(sources))
  })

  it.each(publicModules())('has the example of $specifier in its types', ({ source, built }) => {
    const [docstring = ''] = /^\/\*\*[^]*?\*\/\n/.exec(readProjectFile(source)) ?? []
    expect(docstring).toContain(' * @example\n')
    expect(readFileSync(join(installed, `dist/${built}.d.ts`), 'utf8')).toContain(docstring)
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

  it.each(specifiers)('has %s bundled for a browser-like platform', async (specifier) => {
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
    cpSync(join(installed, 'dist/cli/standalone.cjs'), file)
    // As in /usr/local/bin, where no package says what kind of file it is.
    writeFileSync(join(alone, 'package.json'), '{}')
    const command = join(alone, 'rollcall')
    cpSync(file, command)
    const deno = join(ROOT, 'node_modules/deno/bin.cjs')
    const env = cleanEnvironment({ DENO_DIR: join(folder, 'deno') })
    const allowed = ['net', 'env', 'read', 'write', 'run'].map((name) => `--allow-${name}`)
    const denoRun = [deno, 'run', '--no-remote', '--no-npm', ...allowed, file]
    // What Node 20.0 does, and any later one that is told so: it doesn't look into the file.
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

  it('has a command that loads hono only when it emulates, and never @peculiar/x509', async () => {
    const { metafile } = await build({
      entryPoints: [join(installed, 'dist/cli/rollcall.js')],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
    })
    const start = Object.keys(metafile.inputs).find((path) => path.endsWith('dist/cli/rollcall.js'))
    const loaded = new Set([start as string])
    for (const path of loaded) {
      for (const { path: imported, kind } of metafile.inputs[path]?.imports ?? []) {
        if (kind === 'import-statement') loaded.add(imported)
      }
    }
    const inputs = [...loaded]
    expect(inputs.some((path) => path.includes('commander'))).toBe(true)
    expect(inputs.filter((path) => /hono|@peculiar|reflect-metadata/.test(path))).toEqual([])
    const all = Object.keys(metafile.inputs)
    expect(all.some((path) => path.includes('hono'))).toBe(true)
    expect(all.filter((path) => /@peculiar|reflect-metadata/.test(path))).toEqual([])
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
    expect(stdout).toMatch(lacks ? /^LedgerUnavailableError / : /it is all there$/m)
    expect(stdout).toContain(message)
  })

  it('pulls in neither hono nor @peculiar/x509 when the library is imported', async () => {
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
    expect(inputs.some((path) => path.includes('jose'))).toBe(true)
    expect(inputs.filter((path) => /hono|@peculiar|reflect-metadata/.test(path))).toEqual([])
  })
})
