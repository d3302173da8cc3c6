// `npm run build:functions` takes policy, keys and the ledger's URL from where people keep them, so that no build can
// delete them, and keeps other users of the machine out of the copies.

import { build as esbuild } from 'esbuild'
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packagesIn } from '../../../functions/build/notices.ts'
import { waitForOutput } from '../../support/output.ts'
import { requireRedis, startRedisServer } from '../../support/redis-server.ts'
import { ROOT, readProjectFile } from '../../support/sources.ts'
import { startService, usualVariables } from '../../support/start-service.ts'
import { sharedTestCloud } from '../../support/test-cloud.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-build-'))
const built = join(folder, 'dist/functions')
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeAll(() => {
  for (const path of ['src', 'functions', 'package.json', 'tsconfig.json']) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
})

const ENTRIES = ['THIRD-PARTY-NOTICES', 'fc.mjs', 'node.mjs']

/** Builds under a umask that lets nobody else read. @returns what was said */
const build = (...args: readonly string[]): string => {
  const script = 'umask 077; "$@" 2>&1'
  const command = [process.execPath, '--import', 'tsx', 'functions/build.ts', ...args]
  return execFileSync('sh', ['-c', script, 'sh', ...command], { cwd: folder, encoding: 'utf8' })
}

const write = (path: string, text: string): void => writeFileSync(join(folder, path), text)
const modeOf = (path: string): number => statSync(path).mode & 0o777

describe('npm run build:functions', () => {
  it('makes the two entries and their notices where nobody deploys to Function Compute, and says nothing', () => {
    expect(build()).toBe('')
    expect(readdirSync(built).toSorted()).toEqual(ENTRIES)
    expect(readFileSync(join(built, 'fc.mjs'), 'utf8').length).toBeGreaterThan(100_000)
    expect(modeOf(built)).toBe(0o755)
  })

  it('keeps the names by which the service tells the answers of Redis apart', async (context) => {
    requireRedis(context)
    build()
    const redis = await startRedisServer({ settings: ['requirepass right'] })
    const server = await startService('Node', {
      variables: {
        ...(await usualVariables(await sharedTestCloud())),
        ROLLCALL_LEDGER: redis.url.replace('redis://', 'redis://:wrong@'),
      },
      command: [process.execPath, join(built, 'node.mjs')],
      ready: false,
    })
    try {
      await waitForOutput(server.process, 'stderr', 'refuses the user name or password')
    } finally {
      await server.stop()
      await redis.close()
    }
  })

  it('says what is missing where somebody does', () => {
    mkdirSync(join(folder, 'functions/secrets'))
    write('functions/policy-production.json', '{"roles":{}}')
    write('functions/secrets/signing-keys.json', 'keys')
    write('functions/secrets/ledger-url', 'redis')
    expect(build()).toBe(
      'functions/secrets/admin-keys.json is missing; without it the function will not start\n',
    )
  })

  it('copies policy, keys and ledger beside fc.mjs, in a folder that nobody else may enter', () => {
    write('functions/secrets/admin-keys.json', 'operators')
    expect(build()).toBe('')
    const read = (name: string): string => readFileSync(join(built, name), 'utf8')
    const names = ['policy.json', 'signing-keys.json', 'admin-keys.json', 'ledger-url']
    expect(names.map(read)).toEqual(['{"roles":{}}', 'keys', 'operators', 'redis'])
    expect(modeOf(built)).toBe(0o700)
    // The function may run as another user than the one who packed them.
    for (const name of [...names, 'fc.mjs']) expect(modeOf(join(built, name)), name).toBe(0o644)
  })

  it('leaves no copy of a file that is gone, and touches nothing where people keep theirs', () => {
    rmSync(join(folder, 'functions/secrets/signing-keys.json'))
    expect(build()).toContain('functions/secrets/signing-keys.json is missing')
    expect(readdirSync(built)).not.toContain('signing-keys.json')
    expect(readdirSync(join(folder, 'functions/secrets')).toSorted()).toEqual([
      'admin-keys.json',
      'ledger-url',
    ])
  })

  it('copies nothing into another folder', () => {
    build('elsewhere')
    expect(readdirSync(join(folder, 'elsewhere')).toSorted()).toEqual(ENTRIES)
  })

  it('puts the notices of all packages beside them', async () => {
    const { metafile } = await esbuild({
      entryPoints: ['fc', 'node'].map((name) => join(ROOT, `functions/${name}.ts`)),
      outdir: built,
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
    })
    const names = Object.keys(metafile.inputs).flatMap((path) => {
      const [, name] = /.*\bnode_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//.exec(path) ?? []
      return name === undefined ? [] : [name]
    })
    const versions = [...new Set(names)].map((name) => {
      const text = readProjectFile(`node_modules/${name}/package.json`)
      return `${name} ${(JSON.parse(text) as { version: string }).version}`
    })
    expect(names).toEqual(expect.arrayContaining(['hono', 'valibot', 'ioredis']))
    expect(packagesIn(readFileSync(join(built, 'THIRD-PARTY-NOTICES'), 'utf8'))).toEqual(
      versions.toSorted(),
    )
  })

  it('keeps a file that somebody has put there', () => {
    writeFileSync(join(built, 'mine.json'), 'mine')
    build()
    expect(readFileSync(join(built, 'mine.json'), 'utf8')).toBe('mine')
    rmSync(join(built, 'mine.json'))
  })

  it('refuses to replace or remove a policy.json that was written by hand', () => {
    writeFileSync(join(built, 'policy.json'), 'by hand')
    expect(() => build()).toThrow()
    rmSync(join(folder, 'functions/policy-production.json'))
    const said = `npm run build:functions: the build did not make these files`
    expect(() => build()).toThrow(
      expect.objectContaining({ stdout: expect.stringContaining(said) }),
    )
    expect(readFileSync(join(built, 'policy.json'), 'utf8')).toBe('by hand')
  })
})
