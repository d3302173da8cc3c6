// What the client says of a call without an answer, with real servers that are wrong in one way each, on Node and
// on Deno, which tell their errors apart in different words.

import { build } from 'esbuild'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer } from 'node:net'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NoAnswer } from '../../../src/client/no-answer.ts'
import { type Listening, startListening } from '../../support/listening.ts'
import { DENO } from '../../support/start-service.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { ROOT } from '../../support/sources.ts'
import {
  type ServerCertificate,
  type TestCa,
  createTestCa,
} from '../../support/tls-certificates.ts'

const CLOCK = /this machine's clock says \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/

type Expected = Pick<NoAnswer, 'code' | 'passes'> & {
  readonly detail: RegExp
  readonly remedy: RegExp
}

const temporary = (detail: RegExp, remedy: RegExp): Expected => ({
  code: 'unreachable',
  passes: true,
  detail,
  remedy,
})

const ROWS: Readonly<Record<string, Expected>> = {
  'a certificate that is not valid yet': {
    code: 'certificate_not_current',
    passes: true,
    detail: new RegExp(`^its certificate is not valid yet: ${CLOCK.source}`),
    remedy: /^set the clock of this machine/,
  },
  'a certificate that has expired': {
    code: 'certificate_not_current',
    passes: true,
    detail: new RegExp(`^its certificate has expired: ${CLOCK.source}`),
    remedy: /^set the clock of this machine/,
  },
  'a certificate for another name': {
    code: 'certificate_not_trusted',
    passes: false,
    detail: /^its certificate is for another name than localhost/,
    remedy: /^check the address/,
  },
  'a certificate that signs itself': {
    code: 'certificate_not_trusted',
    passes: false,
    detail: /^its certificate is not trusted/,
    remedy: /NODE_EXTRA_CA_CERTS or DENO_CERT/,
  },
  'a certificate of another CA': {
    code: 'certificate_not_trusted',
    passes: false,
    detail: /^its certificate is not trusted/,
    remedy: /NODE_EXTRA_CA_CERTS or DENO_CERT/,
  },
  'http called as https': {
    code: 'not_https',
    passes: false,
    detail: /^it does not speak TLS/,
    remedy: /^check the port/,
  },
  'a server of SSH called as https': {
    code: 'not_https',
    passes: false,
    detail: /^it does not speak TLS/,
    remedy: /^check the port/,
  },
  'https called as http': temporary(/^it closed the connection/, /port of an https server\?$/),
  'a server of SSH called as http': temporary(/^it does not answer with HTTP/, /https server\?$/),
  'a connection that is reset': temporary(/^it closed the connection/, /^check the address/),
  'a server that says nothing': temporary(/^no answer within 2 s$/, /^check the network/),
  'nobody on the port': temporary(/^the connection was refused/, /^is it running/),
  'a name that nobody knows': temporary(
    /^DNS (?:has no address for|does not answer for) nosuch.invalid/,
    /^check the n/,
  ),
  'an address without a route': temporary(/^this machine has no route to it/, /^check the network/),
  'a port that fetch never calls': {
    code: 'unreachable',
    passes: false,
    detail: /^fetch blocks port 1$/,
    remedy: /another port/,
  },
}

// Prints what `callService()` says of each URL.
const CALLER = `
import { callService } from './src/client/call.ts'
const seen = {}
for (const [name, url] of Object.entries(JSON.parse(process.env.TEST_URLS))) {
  const body = new URLSearchParams({ role: 'worker' })
  const result = await callService({ url, body }, { timeoutSeconds: 2 })
  seen[name] = result.ok ? { status: result.value.status } : result.refusal
}
console.log(JSON.stringify(seen))
process.exit()
`

const listening: Listening[] = []
let ca: TestCa
let folder: string
let urls: Readonly<Record<string, string>>

const start = async (server: Parameters<typeof startListening>[0]): Promise<number> => {
  const it = await startListening(server)
  listening.push(it)
  return it.port
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-caller-'))
  ca = createTestCa(join(folder, 'ca'))
  const otherCa = createTestCa(join(folder, 'other-ca'))
  const read = (name: string): string => readFileSync(join(folder, 'other-ca', name), 'utf8')
  const tls = (certificate: ServerCertificate): Promise<number> =>
    start(createHttpsServer(certificate, (_, response) => response.end('{}')))
  const early = { from: '20900101000000Z', to: '20910101000000Z' }
  const late = { from: '20100101000000Z', to: '20110101000000Z' }
  const ssh = (): Promise<number> =>
    start(createServer((socket) => void socket.once('data', () => socket.end('SSH-2.0-x\r\n'))))
  const good = await tls(ca.certificateFor('localhost'))
  const http = await start(createHttpServer((_, response) => response.end('{}')))
  const closed = await startListening(createServer())
  await closed.close()
  urls = {
    'nothing wrong': `https://localhost:${good}`,
    'a certificate that is not valid yet': `https://localhost:${await tls(ca.certificateFor('localhost', early))}`,
    'a certificate that has expired': `https://localhost:${await tls(ca.certificateFor('localhost', late))}`,
    'a certificate for another name': `https://localhost:${await tls(ca.certificateFor('other.example'))}`,
    'a certificate that signs itself': `https://localhost:${await tls({ cert: read('ca.pem'), key: read('ca.key') })}`,
    'a certificate of another CA': `https://localhost:${await tls(otherCa.certificateFor('localhost'))}`,
    'http called as https': `https://localhost:${http}`,
    'a server of SSH called as https': `https://localhost:${await ssh()}`,
    'https called as http': `http://localhost:${good}`,
    'a server of SSH called as http': `http://localhost:${await ssh()}`,
    'a connection that is reset': `https://localhost:${await start(
      createServer((socket) => void socket.once('data', () => socket.resetAndDestroy())),
    )}`,
    'a server that says nothing': `http://localhost:${await start(createServer())}`,
    'nobody on the port': `http://127.0.0.1:${closed.port}`,
    'a name that nobody knows': 'http://nosuch.invalid',
    'an address without a route': 'http://255.255.255.255',
    'a port that fetch never calls': 'http://localhost:1',
  }
  await build({
    stdin: { contents: CALLER, resolveDir: ROOT, loader: 'ts' },
    outfile: join(folder, 'caller.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
  })
}, 60_000)

afterAll(async () => {
  for (const { close } of listening) await close()
  rmSync(folder, { recursive: true })
})

const RUNTIMES = [
  ['Node', process.execPath, [], 'NODE_EXTRA_CA_CERTS'],
  ['Deno', DENO, ['run', '--allow-net', '--allow-env'], 'DENO_CERT'],
] as const

describe.each(RUNTIMES)('callService() on %s', (_, command, args, variable) => {
  let seen: Readonly<Record<string, Partial<NoAnswer> & { readonly status?: number }>>

  beforeAll(async () => {
    const env = cleanEnvironment({ [variable]: ca.file, TEST_URLS: JSON.stringify(urls) })
    const { stdout } = await promisify(execFile)(command, [...args, join(folder, 'caller.mjs')], {
      env,
      timeout: 50_000,
    })
    seen = JSON.parse(stdout) as typeof seen
  }, 60_000)

  it('gets an answer where nothing is wrong', () => {
    expect(seen['nothing wrong']).toEqual({ status: 200 })
  })

  it.each(Object.entries(ROWS))('tells the cause and the remedy: %s', (name, expected) => {
    const { code, passes, detail, remedy } = seen[name] ?? {}
    expect({ code, passes }).toEqual({ code: expected.code, passes: expected.passes })
    expect(detail).toMatch(expected.detail)
    expect(remedy).toMatch(expected.remedy)
    expect(`${detail} ${remedy}`.split(' ').length).toBeLessThanOrEqual(40)
  })
})
