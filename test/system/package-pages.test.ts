// The pages, against the package as it would be published. Their links lead to files of the package. Each fence that opens with
// `ts runnable` is a whole program that compiles, runs and prints what it says. With `ts runnable vitest` it is
// a file of tests.

import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { enrollInstance } from '../../src/client/index.ts'
import { createMetadataEmulator } from '../../src/emulator/index.ts'
import { createMetadataClient } from '../../src/metadata/index.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { brokenLinks } from '../support/pages.ts'
import { installPackage, packPackage } from '../support/packed-package.ts'
import {
  type Example,
  compileExamples,
  printedPattern,
  runExample,
} from '../support/package-examples.ts'
import { reservePort } from '../support/ports.ts'
import { cleanEnvironment } from '../support/processes.ts'
import { ROOT, keptFiles, readProjectFile } from '../support/sources.ts'
import { type ServiceProcess, startService } from '../support/start-service.ts'

const run = promisify(execFile)

/** What the programs import beside the package. */
const IMPORTED = [
  '@hono/node-server',
  '@types/jsonwebtoken',
  '@types/node',
  'jsonwebtoken',
  'oauth4webapi',
  'vitest',
]

/** A program of a page. */
interface PageExample extends Example {
  readonly isTest: boolean
}

const FENCE = /^```ts runnable( vitest)?\n([^]*?)^```$/gm

const examples: PageExample[] = keptFiles()
  .filter((path) => path.endsWith('.md'))
  .flatMap((path) =>
    [...readProjectFile(path).matchAll(FENCE)].map(([, isTest, script = ''], at) => ({
      specifier: path,
      name: `${path.replaceAll(/[^a-z]/g, '-')}-${at + 1}`,
      script,
      isTest: isTest !== undefined,
    })),
  )

describe('the pages and their programs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-pages-'))
  const project = join(folder, 'project')
  let service: ServiceProcess | undefined
  let env: Record<string, string> = {}
  let report = 'not compiled'
  let installed = ''

  /** A service that runs, and what its relying parties have: a token and a key for introspection. */
  const startIssuer = async (): Promise<Record<string, string>> => {
    const emulator = await createMetadataEmulator()
    const keys = JSON.stringify(await generateSigningKeys('ES256'))
    const operator = await generateSigningKeys('ES256')
    const [{ d: _, ...publicHalf } = {}] = operator.keys
    const relyingParty = await generateSigningKeys('ES256')
    const [{ d: __, ...relyingPartyHalf } = {}] = relyingParty.keys
    const about = { name: 'vault', audiences: ['https://cluster.example'] }
    const port = await reservePort()
    const issuer = `http://localhost:${port}`
    const role = {
      match: { owner_account_id: [emulator.instances[0]?.ownerAccountId] },
      token: { audience: ['https://cluster.example'] },
      reenrollment: 'always',
    }
    service = await startService('Node', {
      port,
      variables: {
        ROLLCALL_ISSUER: issuer,
        ROLLCALL_SIGNING_KEYS: keys,
        ROLLCALL_TRUST_ANCHORS: emulator.certificatePem,
        ROLLCALL_POLICY: JSON.stringify({ roles: { worker: role } }),
        ROLLCALL_ADMIN_KEYS: JSON.stringify({ keys: [publicHalf] }),
        ROLLCALL_RELYING_PARTY_KEYS: JSON.stringify({ keys: [{ ...relyingPartyHalf, ...about }] }),
      },
    })
    const metadata = createMetadataClient({ fetch: emulator.fetch })
    const { accessToken } = await enrollInstance({ issuer, role: 'worker', metadata })
    const keyFile = join(folder, 'gateway-key.json')
    writeFileSync(keyFile, JSON.stringify(operator))
    const relyingPartyKeyFile = join(folder, 'vault-key.json')
    writeFileSync(relyingPartyKeyFile, JSON.stringify(relyingParty))
    return {
      ROLLCALL_ISSUER: issuer,
      ROLLCALL_SIGNING_KEYS: keys,
      ROLLCALL_ADMIN_KEY_FILE: keyFile,
      RELYING_PARTY_KEY_FILE: relyingPartyKeyFile,
      TOKEN: accessToken,
      PORT: String(await reservePort()),
    }
  }

  beforeAll(async () => {
    const tarball = await packPackage(join(folder, 'source'))
    installed = await installPackage(project, tarball, IMPORTED)
    report = await compileExamples(project, examples)
    env = await startIssuer()
  })

  afterAll(async () => {
    await service?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('have links that lead to files of the package', () => {
    const read = (path: string): string | undefined => {
      const file = join(installed, path)
      return existsSync(file) && statSync(file).isFile() ? readFileSync(file, 'utf8') : undefined
    }
    const isFolder = (path: string): boolean =>
      existsSync(join(installed, path)) && statSync(join(installed, path)).isDirectory()
    const pages = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.md'),
    )
    expect(pages).toContain('README.md')
    expect(pages).toContain('docs/deploy/workers.md')
    expect(pages.flatMap((path) => brokenLinks(path, read, isFolder))).toEqual([])
  })

  it('are found, and some are tests', () => {
    expect(examples.filter(({ isTest }) => isTest).length).toBeGreaterThan(0)
    expect(examples.filter(({ isTest }) => !isTest).length).toBeGreaterThan(5)
  })

  it('compile under strict rules', () => {
    expect(report).toBe('')
  })

  it.each(examples.filter(({ isTest }) => !isTest))(
    '$name runs, and prints what it says',
    async (example) => {
      expect(await runExample(example, { project, env }, 'node')).toMatch(
        printedPattern(example.script),
      )
    },
  )

  it.each(examples.filter(({ isTest }) => isTest))('$name passes', async ({ name }) => {
    const include = [`compiled/${name}.js`]
    writeFileSync(
      join(project, 'vitest.config.mjs'),
      `export default { test: ${JSON.stringify({ include })} }`,
    )
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
    const { stdout } = await run(process.execPath, [vitest, 'run'], {
      cwd: project,
      env: cleanEnvironment(),
    })
    expect(stdout).toMatch(/Tests .*1 passed/)
  })
})
