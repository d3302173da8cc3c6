// What bootstrap.sh says where TLS fails: each cause by its name, with its remedy, and tried again only if it may pass.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bootstrapScript } from '../../../src/http/bootstrap-script.ts'
import { createScriptTime, runScript } from '../../support/bootstrap.ts'
import { type ClientServers, startClientServers } from '../../support/client-servers.ts'
import { requireTool } from '../../support/requirements.ts'
import {
  type ServerCertificate,
  type TestCa,
  createTestCa,
} from '../../support/tls-certificates.ts'

let folder: string
let metadata: ClientServers
let ca: TestCa | undefined
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-tls-'))
  metadata = await startClientServers()
})
afterAll(async () => {
  await metadata.close()
  rmSync(folder, { recursive: true })
})

const caOf = (context: TestContext): TestCa => {
  requireTool(context, 'openssl', 'apt-get install openssl')
  return (ca ??= createTestCa(join(folder, 'ca')))
}

/** Runs the script against a server that refuses whatever reaches it. */
const enroll = async (
  context: TestContext,
  certificate: ServerCertificate | undefined,
  env: Record<string, string> = { CURL_CA_BUNDLE: caOf(context).file },
) => {
  const body = '{"title":"no","status":403,"code":"not_admitted"}'
  let reached = 0
  const refuse: Parameters<typeof createPlainServer>[1] = (_, response) => {
    reached++
    response.writeHead(403, { 'Content-Type': 'application/problem+json' }).end(body)
  }
  const server =
    certificate === undefined ? createPlainServer({}, refuse) : createServer(certificate, refuse)
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `https://localhost:${(server.address() as AddressInfo).port}`
  const time = createScriptTime(mkdtempSync(join(folder, 'time-')))
  const run = await runScript(['sh'], bootstrapScript({ issuer }), {
    PATH: time.PATH,
    ROLLCALL_METADATA_URL: metadata.metadataUrl,
    ROLLCALL_ATTEMPTS: '4',
    ...env,
  })
  server.close()
  return { ...run, reached, waits: time.slept().length }
}

describe('bootstrap.sh over TLS', () => {
  it.for(['CURL_CA_BUNDLE', 'SSL_CERT_FILE'])('trusts the CA of %s', async (name, context) => {
    const run = await enroll(context, caOf(context).certificateFor('localhost'), {
      CURL_CA_BUNDLE: '',
      SSL_CERT_DIR: '',
      [name]: caOf(context).file,
    })
    expect(run.status, run.stderr).toBe(4)
  })

  it('ends at once where the CA is not trusted, and says how to trust it', async (context) => {
    const run = await enroll(context, caOf(context).certificateFor('localhost'), {})
    expect(run).toMatchObject({ status: 5, stdout: '', reached: 0, waits: 0 })
    expect(run.stderr).toMatch(
      /^rollcall: no connection to https:\S+ \(curl: \(60\) [^\n]+\); for a CA of your own set SSL_CERT_FILE or CURL_CA_BUNDLE .*\n$/,
    )
  })

  it('ends at once where the certificate is for another name', async (context) => {
    const run = await enroll(context, caOf(context).certificateFor('other.example'))
    expect(run).toMatchObject({ status: 5, stdout: '', reached: 0, waits: 0 })
    expect(run.stderr).toMatch(/; the certificate is for another name: check the address\n$/)
  })

  it('ends at once where plain HTTP answers', async (context) => {
    const run = await enroll(context, undefined)
    expect(run).toMatchObject({ status: 5, stdout: '', reached: 0, waits: 0 })
    expect(run.stderr).toMatch(/; plain HTTP answers at an https address: check .*port\n$/)
  })

  it.for([
    ['not valid yet', { from: '20900101000000Z', to: '20910101000000Z' }],
    ['expired', { from: '20100101000000Z', to: '20110101000000Z' }],
  ] as const)(
    'names the clock where the certificate is %s, and tries again',
    async ([, times], context) => {
      const run = await enroll(context, caOf(context).certificateFor('localhost', times))
      expect(run).toMatchObject({ status: 5, stdout: '', reached: 0, waits: 3 })
      const lines = run.stderr.trimEnd().split('\n')
      expect(lines).toHaveLength(4)
      const last =
        /; the certificate is not valid at (\S+): set this machine's clock \(the metadata service says ([^)]+)\)$/
      const [, own = '', other = ''] = last.exec(String(lines[3])) ?? []
      for (const date of [own, other]) {
        expect(Math.abs(Date.parse(date) - Date.now())).toBeLessThan(60_000)
      }
      expect(run.stderr).not.toContain('CA_BUNDLE')
    },
  )

  it("shows curl's sentence in one line", async (context) => {
    const fake = createScriptTime(mkdtempSync(join(folder, 'time-')), {
      curl: String.raw`printf 'curl: (60) Peer certificate\nis not trusted\nMore details here: https://x\n\ncurl failed to\n' >&2; exit 60`,
    })
    const run = await enroll(context, undefined, { PATH: fake.PATH })
    expect(run.stderr).toContain(' (curl: (60) Peer certificate is not trusted); for a CA')
  })

  /** As older versions of curl, and those with NSS or GnuTLS, put it. */
  it.each([
    [35, 'SSL received a record that exceeded the maximum permissible length.', /plain HTTP/],
    [35, 'gnutls_handshake() failed: An unexpected TLS packet was received.', /plain HTTP/],
    [
      5,
      "Unsupported proxy syntax in 'http://user:my/secret-word@127.0.0.1:9'",
      /Unsupported proxy syntax in 127\.0\.0\.1:9'\); write https_proxy/,
    ],
    [7, "Unsupported proxy scheme for 'ftp://user:secret-word@a'", /scheme for a'/],
    [35, 'error:140770FC:SSL routines:SSL23_GET_SERVER_HELLO:unknown protocol', /plain HTTP/],
    [51, 'Unable to communicate securely with peer: requested domain name', /another name/],
    [60, "Peer's Certificate has expired.", /set this machine's clock/],
    [60, 'The certificate chain uses not yet valid certificate.', /set this machine's clock/],
    [60, "Peer's Certificate issuer is not recognized.", /CURL_CA_BUNDLE/],
    [77, 'error setting certificate verify locations', /CURL_CA_BUNDLE/],
    [35, 'OpenSSL SSL_connect: Connection reset by peer', /does not answer .*; try again later/],
    [
      56,
      'Received HTTP code 407 from proxy after CONNECT',
      /407 from proxy.*; the proxy requires a login/,
    ],
  ])('tells the meaning of %i %s', async (exit, sentence, meaning) => {
    const curl = `echo "curl: (${exit}) ${sentence}" >&2; exit ${exit}`
    const fake = createScriptTime(mkdtempSync(join(folder, 'time-')), { curl })
    const run = await runScript(['sh'], bootstrapScript({ issuer: 'https://rollcall.test' }), {
      PATH: fake.PATH,
      ROLLCALL_ATTEMPTS: '1',
    })
    expect(run.status).toBe(5)
    expect(run.stderr).toMatch(meaning)
    expect(run.stderr).not.toContain('secret-word')
  })
})
