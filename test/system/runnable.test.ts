// Every command that the pages print for a machine with Node 20, git and curl runs as printed there.

import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reservePort } from '../support/ports.ts'
import {
  type CleanMachine,
  createCleanMachine,
  docstringExamples,
  runFences,
  runnableFences,
  withPorts,
} from '../support/runnable-fences.ts'
import { keptFiles, readProjectFile } from '../support/sources.ts'

const LIMIT_SECONDS = 240

const pages = keptFiles()
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, fences: runnableFences(readProjectFile(path)) }))
  .filter(({ fences }) => fences.length > 0)
  // The first one installs, as its reader does.
  .toSorted((a, b) => Number(b.path === 'README.md') - Number(a.path === 'README.md'))

describe('runnableFences()', () => {
  it('finds the fences that install and show, and those that serve', () => {
    const [first] = pages
    expect(first?.path).toBe('README.md')
    const scriptOf = (path: string): string =>
      runnableFences(readProjectFile(path))
        .map(({ script }) => script)
        .join('')
    expect(scriptOf('README.md')).toContain('npm ci && npm run demo')
    for (const command of [
      'keygen',
      'emulate',
      'dev.ts',
      ' serve ',
      'bootstrap.sh',
      'policy check',
    ]) {
      expect(scriptOf('docs/quick-start.md')).toContain(command)
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
    for (const { path, fences } of pages) {
      expect(fences).toHaveLength(readProjectFile(path).split('```sh runnable\n').length - 1)
    }
  })
})

describe('withPorts()', () => {
  it('puts other ports in place of those that are printed', () => {
    const fence = { line: 1, script: 'curl http://a:8787 http://a:8100 :8100\n' }
    expect(withPorts([fence], { service: 1, metadata: 2 })).toEqual([
      { line: 1, script: 'curl http://a:1 http://a:2 :2\n' },
    ])
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

  it.each(pages)(
    '$path runs as it is printed',
    async ({ fences }) => {
      const ports = { service: await reservePort(), metadata: await reservePort() }
      // What prints no port, such as `serve`, reads PORT.
      const env = { ...machine.env, PORT: String(ports.service) }
      const on = { ...machine, env }
      const before = new Set([...readdirSync(machine.folder), 'node_modules'])
      const { status, line, output } = await runFences(withPorts(fences, ports), on, LIMIT_SECONDS)
      // No page finds the keys that another page made.
      for (const name of readdirSync(machine.folder)) {
        if (!before.has(name)) rmSync(join(machine.folder, name), { recursive: true })
      }
      expect(status, `the fence at line ${line}:\n${output}`).toBe(0)
    },
    (LIMIT_SECONDS + 30) * 1000,
  )
})
