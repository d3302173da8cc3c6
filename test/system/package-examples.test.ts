// The examples in the docstrings of the public modules and of what they export, against the package as it would be
// published: each is a whole program that compiles, runs and prints what it says.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { getChallenge } from '../support/instance.ts'
import { installPackage, packPackage } from '../support/packed-package.ts'
import {
  compileExamples,
  packageExamples,
  printedPattern,
  runExample,
  startExampleWorker,
} from '../support/package-examples.ts'
import { publicModules } from '../support/public-modules.ts'
import { requireRedis, startRedisServer } from '../support/redis-server.ts'
import { keptFiles, readProjectFile, typeScriptFiles } from '../support/sources.ts'
import { POLICY_TEXT } from './functions/deployable.ts'

describe('the examples in the docstrings of the public modules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-examples-'))
  const project = join(folder, 'project')
  const specifiers = publicModules().map(({ specifier }) => specifier)
  const examples = packageExamples()
  /** Where an example runs that Node 20 can't run. */
  const ELSEWHERE: Readonly<Record<string, 'deno' | 'workerd'>> = {
    'rollcall/ledger/sqlite': 'deno',
    'rollcall/ledger/deno-kv': 'deno',
    'rollcall/ledger/durable-object': 'workerd',
  }
  let env: Record<string, string> = {}
  let report = 'not compiled'
  beforeAll(async () => {
    const tarball = await packPackage(join(folder, 'source'))
    await installPackage(project, tarball, ['ioredis', '@types/node'])
    report = await compileExamples(project, examples)
    env = { ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')) }
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('are all of those in the source, at least one for each public module', () => {
    const texts = typeScriptFiles('src').map(readProjectFile)
    expect(texts.join('\n').match(/^ *\* @example$/gm)).toHaveLength(examples.length)
    expect([...new Set(examples.map(({ specifier }) => specifier))]).toEqual(specifiers)
  })

  it.each(examples.filter(({ symbol }) => symbol === undefined))(
    '$name stands in a page too, as it is',
    ({ script }) => {
      const pages = keptFiles().filter((path) => path.endsWith('.md'))
      const fence = `\`\`\`ts\n${script}\`\`\`\n`
      expect(pages.some((path) => readProjectFile(path).includes(fence))).toBe(true)
    },
  )

  it('compile under strict rules, the declarations of all packages included', () => {
    expect(report).toBe('')
  })

  it.for(examples.filter(({ specifier }) => ELSEWHERE[specifier] !== 'workerd'))(
    '$name runs, and prints what it says',
    async (example, context) => {
      const { specifier, script } = example
      if (specifier === 'rollcall/ledger/redis') requireRedis(context)
      const redis = specifier === 'rollcall/ledger/redis' ? await startRedisServer() : undefined
      try {
        const at = { project, env: { ...env, ...(redis && { REDIS_URL: redis.url }) } }
        const runtime = ELSEWHERE[specifier] === 'deno' ? 'deno' : 'node'
        expect(await runExample(example, at, runtime)).toMatch(printedPattern(script))
      } finally {
        await redis?.close()
      }
    },
  )

  it.for(examples.filter(({ specifier }) => ELSEWHERE[specifier] === 'workerd'))(
    '$name serves in workerd',
    async (example) => {
      const variables = {
        ...env,
        ROLLCALL_ISSUER: 'https://rollcall.test',
        ROLLCALL_POLICY: POLICY_TEXT,
      }
      const worker = await startExampleWorker(example, { project, env: variables })
      try {
        const url = `http://127.0.0.1:${worker.port}`
        expect(await getChallenge(url, 'worker')).toMatch(/^[\w-]{43,}$/)
      } finally {
        await worker.stop()
      }
    },
  )
})
