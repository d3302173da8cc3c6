// Every command that the pages print for a machine with Node 20, git and curl runs as printed there.

import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitUntil } from '../support/processes.ts'
import {
  type CleanMachine,
  createCleanMachine,
  docstringExamples,
  runFences,
  runnableFences,
} from '../support/runnable-fences.ts'
import { keptFiles, readProjectFile } from '../support/sources.ts'

const LIMIT_SECONDS = 240
/** The ports that are printed. Another run of the same commands may have them for a while. */
const PORTS = [8100, 8787]

const readmes = keptFiles()
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, fences: runnableFences(readProjectFile(path)) }))
  .filter(({ fences }) => fences.length > 0)
  // The first one installs, as its reader does.
  .toSorted((a, b) => Number(b.path === 'README.md') - Number(a.path === 'README.md'))

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

describe('runnableFences()', () => {
  it('finds the fences of README.md that install, show and serve', () => {
    const [first] = readmes
    expect(first?.path).toBe('README.md')
    const scripts = first?.fences.map(({ script }) => script).join('')
    for (const command of ['npm ci', 'npm run demo', 'keygen', 'emulator', 'wrangler', 'node.ts']) {
      expect(scripts).toContain(command)
    }
  })

  it('passes over other fences, and takes the indentation of lists away', () => {
    const list = '1. a\n   ```sh runnable\n   if true; then\n     yes\n   fi\n   ```\n'
    const text = `a\n\`\`\`sh\nno\n\`\`\`\n\`\`\`sh runnable\nyes\n\`\`\`\n${list}\`\`\`ts\nno\n\`\`\`\n`
    expect(runnableFences(text)).toEqual([
      { line: 5, script: 'yes\n' },
      { line: 9, script: 'if true; then\n  yes\nfi\n' },
    ])
  })

  it('finds every fence that says so', () => {
    for (const { path, fences } of readmes) {
      expect(fences).toHaveLength(readProjectFile(path).split('```sh runnable\n').length - 1)
    }
  })
})

describe('docstringExamples()', () => {
  it('finds every example of a source, without the stars before its lines', () => {
    const source = [
      '/**',
      ' * What it is.',
      ' *',
      ' * @example',
      ' * ```ts',
      " * import { a } from 'b'",
      ' *',
      ' * if (a) {',
      ' *   a()',
      ' * }',
      ' * ```',
      ' */',
      'export {}',
    ]
    const script = "import { a } from 'b'\n\nif (a) {\n  a()\n}\n"
    expect(docstringExamples(source.join('\n'))).toEqual([{ line: 5, script }])
    expect(docstringExamples('// @example\n')).toEqual([])
  })
})

describe('on a clean machine', () => {
  let machine: CleanMachine
  beforeAll(() => {
    machine = createCleanMachine()
  })
  afterAll(() => machine.remove())

  it('a command that fails, or is not there, is seen', async () => {
    const fences = [
      { line: 1, script: 'sleep 60 &\necho fine\n' },
      { line: 2, script: 'openssl version\n' },
      { line: 3, script: 'echo never\n' },
    ]
    expect(await runFences(fences, machine, 10)).toMatchObject({ status: 127, line: 2 })
  })

  it.each(readmes)(
    '$path runs as it is printed',
    async ({ fences }) => {
      const free = async (): Promise<boolean> =>
        (await Promise.all(PORTS.map(isFree))).every(Boolean)
      await waitUntil(free, { seconds: 60, what: `ports ${PORTS.join(' and ')} free` })
      const { status, line, output } = await runFences(fences, machine, LIMIT_SECONDS)
      expect(status, `the fence at line ${line}:\n${output}`).toBe(0)
    },
    (LIMIT_SECONDS + 90) * 1000,
  )
})
