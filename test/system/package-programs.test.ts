// Programs of consumers with the package installed: one that does the whole job runs in Node, in Deno, out of a
// bundle, and with the oldest packages that the ranges allow.

import { build, transform } from 'esbuild'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileExamples } from '../support/package-examples.ts'
import {
  installPackage,
  installedWith,
  packPackage,
  packageNeeds,
} from '../support/packed-package.ts'
import { cleanEnvironment } from '../support/processes.ts'
import { publicModules } from '../support/public-modules.ts'
import { ROOT } from '../support/sources.ts'
import { WHOLE_JOB, WHOLE_JOB_OUTPUT } from '../support/whole-job.ts'

const run = promisify(execFile)

/** Runs a program with an environment that tells it nothing. */
const runNode = async (cwd: string, args: readonly string[]): Promise<string> =>
  (await run(process.execPath, [...args], { cwd, env: cleanEnvironment() })).stdout

describe('a program with the package installed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-programs-'))
  const lowest = join(folder, 'lowest')
  const aliases = installedWith().map((name) => [name, `${name}-lowest`] as const)
  let tarball = ''

  /** Makes a project with the program as TypeScript and as JavaScript. */
  const createProject = async (
    project: string,
    more: readonly string[],
    stands: Readonly<Record<string, string>> = {},
  ): Promise<void> => {
    await installPackage(project, tarball, more, stands)
    writeFileSync(join(project, 'job.ts'), WHOLE_JOB)
    const { code } = await transform(WHOLE_JOB, { loader: 'ts', target: 'es2022' })
    writeFileSync(join(project, 'job.js'), code)
  }

  beforeAll(async () => {
    tarball = await packPackage(join(folder, 'source'))
    await createProject(folder, ['@types/node'])
    await createProject(lowest, ['@types/node'], Object.fromEntries(aliases))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('does the whole job in Node', async () => {
    expect(await runNode(folder, ['job.js'])).toBe(WHOLE_JOB_OUTPUT)
  })

  it('does the whole job in Deno, which also checks its types', async () => {
    const deno = join(ROOT, 'node_modules/deno/bin.cjs')
    const options = ['run', '--check', '--node-modules-dir=manual', '--cached-only', '--allow-env']
    expect(await runNode(folder, [deno, ...options, 'job.ts'])).toBe(WHOLE_JOB_OUTPUT)
  })

  it.each(['neutral', 'browser', 'node'] as const)(
    'does the whole job out of a bundle for the platform %s',
    async (platform) => {
      const outfile = join(folder, `bundle-${platform}`, 'job.mjs')
      const { warnings } = await build({
        entryPoints: [join(folder, 'job.ts')],
        outfile,
        bundle: true,
        format: 'esm',
        platform,
        target: 'es2022',
        logLevel: 'silent',
      })
      expect(warnings).toEqual([])
      // In a folder that has no package installed.
      const alone = mkdtempSync(join(tmpdir(), 'rollcall-bundle-'))
      writeFileSync(join(alone, 'job.mjs'), readFileSync(outfile))
      const output = await runNode(alone, ['job.mjs']).finally(() =>
        rmSync(alone, { recursive: true }),
      )
      expect(output).toBe(WHOLE_JOB_OUTPUT)
    },
  )

  it('compiles without DOM and without the types of Node, as for a Worker', async () => {
    const imports = publicModules().map(({ specifier }) => `export * from '${specifier}'\n`)
    const program = { specifier: 'rollcall', name: 'all', script: imports.join('') }
    const options = { lib: ['ES2023', 'WebWorker'], types: [] }
    expect(await compileExamples(folder, [program], options)).toBe('')
  })

  it('has ranges that begin with what is tried here, and end below the next major version', () => {
    const { dependencies, peerDependencies, devDependencies } = packageNeeds()
    const ranges = { ...dependencies, ...peerDependencies }
    const tried = aliases.map(([name, alias]) => {
      const [, version] = /^npm:.+@(.+)$/.exec(devDependencies[alias] ?? '') ?? []
      return [name, `^${version}`]
    })
    const { ioredis, ...others } = ranges
    expect(others).toEqual(Object.fromEntries(tried))
    // Its whole suite of tests runs with the version in `devDependencies`.
    expect(ioredis).toBe(`^${devDependencies['ioredis']}`)
  })

  it('does the whole job with the lowest versions that the ranges allow', async () => {
    expect(await runNode(lowest, ['job.js'])).toBe(WHOLE_JOB_OUTPUT)
  })

  it('compiles with the lowest versions, the declarations of all packages included', async () => {
    const program = { specifier: 'rollcall', name: 'job', script: WHOLE_JOB }
    expect(await compileExamples(lowest, [program])).toBe('')
  })
})
