// `rollcall probe` at doors that mean harm to the one who probes, and with the mistakes that people make in CI.

import { readFileSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import { type Socket, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FORGED_NAMES } from '../../../../src/cli/probe/bad-tokens.ts'
import { type TestIssuer, startTestIssuer } from '../../../../src/cli/probe/test-issuer.ts'
import { type RollcallCommand, createCommand } from '../../../support/command.ts'
import { startListening } from '../../../support/listening.ts'
import { reservePort } from '../../../support/ports.ts'
import { startCheckingDoor } from './checking-door.ts'

const AUDIENCE = 'https://app.example'
const TOKEN = ['--audience', AUDIENCE, '--token', 'good']
/** Without a key of the issuer: no token, another text, and those that are forged. */
const SHOWN = 2 + FORGED_NAMES.length

let issuer: TestIssuer
let command: RollcallCommand
let good = ''
beforeAll(async () => {
  issuer = await startTestIssuer({
    host: '127.0.0.1',
    port: 0,
    algorithm: 'ES256',
    audience: AUDIENCE,
    role: 'worker',
    account: '1',
    region: 'cn-hangzhou',
  })
  good = issuer.good()
  command = createCommand(() => [good, ...good.split('.')])
  writeFileSync(join(command.folder, 'good'), good)
})
afterAll(async () => {
  command.remove()
  await issuer.close()
})

/** Probes a server. */
const probe = async (server: Server | ReturnType<typeof createTcpServer>, ...more: string[]) => {
  const door = await startListening(server)
  try {
    return await command.run(['probe', `http://127.0.0.1:${door.port}/`, ...TOKEN, ...more])
  } finally {
    await door.close()
  }
}

const countsIn = (stdout: string): unknown =>
  (JSON.parse(stdout) as { counts: Record<string, number> }).counts

/** A door that admits the good token, and answers everything else in its own way. */
const doorThat = (answer: (socket: Socket) => void) =>
  createTcpServer((socket) => {
    let asked = ''
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      asked += bytes.toString('latin1')
      if (!asked.includes('\r\n\r\n')) return
      const isGood = asked.includes(`Bearer ${good}\r\n`)
      asked = ''
      if (isGood) socket.write('HTTP/1.1 204 No Content\r\n\r\n')
      else answer(socket)
    })
  })

describe('a hostile door', () => {
  it('gets no token sent to another host by a redirect', async () => {
    const seen: string[] = []
    const other = await startListening(
      createServer(({ url }, response) => {
        seen.push(String(url))
        response.end()
      }),
    )
    const location = `http://127.0.0.1:${other.port}/stolen`
    for (const status of [301, 302, 303, 307, 308]) {
      const run = await probe(
        createServer(({ headers }, response) => {
          const isGood = headers.authorization === `Bearer ${good}`
          response.writeHead(isGood ? 200 : status, { Location: location }).end()
        }),
        '--json',
      )
      expect([run.status, countsIn(run.stdout)]).toMatchObject([0, { refused: SHOWN }])
    }
    const all = await probe(
      createServer((_, response) => response.writeHead(307, { Location: location }).end()),
    )
    await other.close()
    expect(all.status).toBe(4)
    expect(seen).toEqual([])
  })

  it('fills no memory by a body without end', async () => {
    let bytes = 0
    const chunk = Buffer.alloc(65_536, 0x61)
    const run = await probe(
      createServer((_, response) => {
        response.writeHead(200)
        const more = (): void => {
          if (response.destroyed || bytes > 512 * 1024 * 1024) return
          bytes += chunk.length
          if (response.write(chunk)) setImmediate(more)
          else response.once('drain', more)
        }
        more()
      }),
      '--json',
    )
    expect([run.status, countsIn(run.stdout)]).toMatchObject([1, { admitted: SHOWN }])
    expect(bytes).toBeLessThan(SHOWN * 8 * 1024 * 1024)
  })

  it.each<[string, (socket: Socket) => void]>([
    [
      'a flood of headers',
      (socket) => {
        socket.write('HTTP/1.1 403 Forbidden\r\n')
        for (let line = 0; line < 2000; line++) socket.write(`X-${line}: ${'a'.repeat(100)}\r\n`)
        socket.end('\r\n')
      },
    ],
    ['bytes that are not HTTP', (socket) => socket.end('\u001b[2J\u001b]0;owned\u0007\r\n\r\n')],
    ['no answer', (socket) => socket.destroy()],
    ['a status without a meaning', (socket) => socket.end('HTTP/1.1 999 Odd\r\n\r\n')],
    [
      'a change of protocol',
      (socket) => socket.end('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    ],
  ])('does not count as refusing by %s', async (_, answer) => {
    const run = await probe(doorThat(answer), '--json')
    expect([run.status, countsIn(run.stdout)]).toMatchObject([1, { unclear: SHOWN, refused: 0 }])
  })

  it('writes nothing to the terminal', async () => {
    const escape = '\u001b[2J\u001b]0;owned\u0007'
    for (const status of [200, 403, 500]) {
      const answer = `HTTP/1.1 ${status} ${escape}\r\nServer: ${escape}\r\nContent-Length: 9\r\n\r\n${escape}`
      const run = await probe(
        doorThat((socket) => socket.end(answer, 'latin1')),
        '--junit',
        'hostile.xml',
      )
      const xml = readFileSync(join(command.folder, 'hostile.xml'), 'utf8')
      for (const text of [run.stdout, run.stderr, xml]) {
        // oxlint-disable-next-line no-control-regex -- what is looked for
        expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]|owned/)
      }
    }
  })

  it('cannot hide in JUnit that it locks its client out', async () => {
    let calls = 0
    const run = await probe(
      createServer((_, response) => response.writeHead(++calls === 1 ? 200 : 403).end()),
      '--junit',
      'locked.xml',
    )
    expect(run.status).toBe(1)
    const xml = readFileSync(join(command.folder, 'locked.xml'), 'utf8')
    expect(xml).toContain('errors="1"')
    expect(xml).toMatch(/name="a good token at the end"><error message="The door refused/)
  })
})

describe('the mistakes of a job in CI', () => {
  const USAGE: [string, string[], string][] = [
    ['a file that is missing', ['--token', 'none'], '--token: cannot read none (ENOENT)'],
    ['an empty file', ['--token', 'empty'], 'expected only an enrollment token'],
    ['headers without the token', ['--header', 'X-Other: 1'], 'expected {token} in a header'],
    ['a body without the token', ['--header', 'A: b', '--body', 'empty'], 'expected {token}'],
    ['GET with a body', ['--method', 'GET', '--body', 'empty'], 'has no body; leave out --body'],
    ['a method that no client sends', ['--method', 'TRACE'], 'Expected a method'],
    [
      'a report in a folder that is missing',
      ['--junit', 'none/a.xml'],
      '--junit: the folder none does not exist',
    ],
    [
      'a report in the place of the token',
      ['--junit', 'good'],
      '--junit: good holds something other than an XML report',
    ],
    ['a token for a test issuer', ['--test-issuer', '0'], 'the test issuer makes its own tokens'],
    [
      'only the name of a test issuer',
      ['--test-issuer-url', 'https://a.example'],
      '--test-issuer PORT',
    ],
    ['a proxy that is no address', [], 'HTTPS_PROXY'],
  ]
  it.each(USAGE)('%s: says so, and shows no token', async (_, more, message) => {
    writeFileSync(join(command.folder, 'empty'), '')
    const run = await command.run(['probe', 'https://app.example/', ...TOKEN, ...more], {
      env: message === 'HTTPS_PROXY' ? { HTTPS_PROXY: 'ftp://proxy.example' } : {},
    })
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(message)
  })

  it('does not accuse a door that hides behind 404, with the option that the page shows', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../../../docs/use/probe.md'), 'utf8')
    const [, option = '', list = ''] = /`(--refused) ([0-9,]+)`/.exec(page) ?? []
    const door = () =>
      createServer(({ headers: { authorization } }, response) => {
        const refusal = authorization === undefined ? 401 : 404
        response.writeHead(authorization === `Bearer ${good}` ? 200 : refusal).end()
      })
    const run = await probe(door(), '--json', option, list)
    expect([run.status, countsIn(run.stdout)]).toMatchObject([0, { refused: SHOWN }])
    const one = await probe(door(), option, '404')
    expect(one.status).toBe(1)
    expect(one.stdout).toContain('unclear    no token: 401')
    expect(one.stdout).toContain('give all statuses of its kind with --refused or --admitted')
  })

  it('does not repeat a token that was typed in place of a file', async () => {
    const args = ['--audience', AUDIENCE, '--token', good]
    const run = await command.run(['probe', 'https://app.example/', ...args])
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain('expected the path of a file, not its contents')
  })

  it('asks a door only once if a good token is refused', async () => {
    let calls = 0
    const run = await probe(
      createServer((_, response) => {
        calls++
        response.writeHead(401).end()
      }),
    )
    expect([run.status, calls]).toEqual([4, 1])
    expect(run.stderr).toContain('check which issuer, audience and role the door demands')
  })

  it('says that the door does not know the test issuer', async () => {
    const door = await startListening(createServer((_, response) => response.writeHead(401).end()))
    const args = ['--audience', AUDIENCE, '--test-issuer', '0', '--wait', '0']
    const run = await command.run(['probe', `http://127.0.0.1:${door.port}/`, ...args])
    await door.close()
    expect(run.status).toBe(4)
    expect(run.stderr).toContain('nobody fetched the keys of the test issuer')
  })

  it('ends the test issuer if the recipe does not take the audience', async () => {
    const port = await reservePort()
    const args = ['--audience', 'a"b', '--test-issuer', String(port), '--recipe', 'apache-oauth2']
    const run = await command.run(['probe', 'http://127.0.0.1:1/', ...args])
    expect(run).toMatchObject({ status: 2, stdout: '' })
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed')
  })

  it('says what to do if the proxy is not there, and calls this machine without it', async () => {
    const env = { HTTPS_PROXY: 'http://127.0.0.1:1' }
    const run = await command.run(['probe', 'https://app.example/', ...TOKEN], { env })
    expect(run).toMatchObject({ status: 5, stdout: '' })
    expect(run.stderr).toContain('the proxy http://127.0.0.1:1: the connection was refused')
    expect(run.stderr).toContain('check the address of the proxy')
    const demands = { issuer: issuer.issuer, audience: AUDIENCE, role: 'worker' }
    const door = await startCheckingDoor(new Set(['presence', 'signature', 'algorithm']), demands)
    const direct = await command.run(['probe', `http://127.0.0.1:${door.port}/`, ...TOKEN], { env })
    await door.close()
    expect(direct.status).toBe(0)
  })

  it('shows a token in the body alone, if the body has a place for it', async () => {
    const seen: string[] = []
    writeFileSync(join(command.folder, 'form'), 'token={token}')
    const run = await probe(
      createServer(async ({ headers }, response) => {
        seen.push(String(headers.authorization))
        response.writeHead(200).end()
      }),
      '--body',
      'form',
    )
    expect(run.status).toBe(1)
    expect(new Set(seen)).toEqual(new Set(['undefined']))
  })
})
