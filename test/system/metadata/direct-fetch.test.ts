// The client uses no proxy, in runtimes whose own fetch does; and what it takes to load it.

import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EmulatorServer, startEmulator } from '../../../src/cli/emulator-server.ts'
import { requireNode24 } from '../../support/node24.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { ROOT } from '../../support/sources.ts'

const PROGRAM = join(ROOT, 'test/system/metadata/ask-past-proxy.ts')
const LIMIT_MS = 30_000

let metadata: EmulatorServer
let proxy: Server
let asked = 0
beforeAll(async () => {
  metadata = await startEmulator()
  proxy = createServer((_, response) => {
    asked++
    response.end('by way of the proxy')
  })
    // Node asks it for a tunnel, also for http.
    .on('connect', (_, socket) => {
      asked++
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    })
    .listen(0, '127.0.0.1')
  await once(proxy, 'listening')
})
afterAll(async () => {
  proxy.close()
  await metadata.close()
})

/** Asks in an environment that names the proxy. */
const askPastProxy = async (command: string, ...args: string[]) => {
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']
  const env = cleanEnvironment({
    ...Object.fromEntries(names.map((name) => [name, url])),
    NODE_USE_ENV_PROXY: '1',
    no_proxy: '',
    NO_PROXY: '',
  })
  const options = { env, timeout: LIMIT_MS }
  const { stdout } = await promisify(execFile)(command, [...args, PROGRAM, metadata.url], options)
  return JSON.parse(stdout) as { mine: string; theirs: string }
}

describe("the client's fetch", () => {
  it('uses no proxy in Node 24, although the platform’s fetch would', async (context) => {
    const node = await requireNode24(context)
    const before = asked
    expect(await askPastProxy(node)).toEqual({
      mine: metadata.emulator.instances[0]?.hostname,
      theirs: 'failed',
    })
    expect(asked).toBe(before + 1)
  })

  it('goes past the proxy in Deno, whose own fetch uses it', async () => {
    const before = asked
    const deno = [join(ROOT, 'node_modules/deno/bin.cjs'), 'run', '--allow-net', '--no-config']
    expect(await askPastProxy(process.execPath, ...deno)).toEqual({
      mine: metadata.emulator.instances[0]?.hostname,
      theirs: 'by way of the proxy',
    })
    expect(asked).toBe(before + 1)
  })
})

describe('rollcall/metadata', () => {
  const bundle = (contents: string) =>
    build({
      stdin: { contents, resolveDir: ROOT, loader: 'ts' },
      bundle: true,
      write: false,
      metafile: true,
      minify: true,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
    })

  it('has a client that takes no package with it', async () => {
    const { metafile, outputFiles } = await bundle(
      "export { createMetadataClient } from './src/metadata/index.ts'",
    )
    const [output] = Object.values(metafile.outputs)
    const used = Object.entries(output?.inputs ?? {}).filter(
      ([, { bytesInOutput }]) => bytesInOutput,
    )
    expect(used.filter(([path]) => path.includes('node_modules'))).toEqual([])
    expect(used.map(([path]) => path)).toContain('src/metadata/client.ts')
    expect(outputFiles[0]?.text.length).toBeLessThan(25_000)
  })

  it('loads no certificate library, neither when it is imported nor when an emulator is made', async () => {
    const program = `
      await import('./src/metadata/index.ts')
      const { createMetadataEmulator } = await import('./src/emulator/index.ts')
      const before = typeof Reflect.getMetadata
      await createMetadataEmulator()
      console.log(before, typeof Reflect.getMetadata)`
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
    const options = { cwd: ROOT, env: cleanEnvironment(), timeout: LIMIT_MS }
    const { stdout } = await promisify(execFile)(process.execPath, args, options)
    expect(stdout).toBe('undefined undefined\n')
  })
})
