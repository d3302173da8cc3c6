// bootstrap.sh against hostile answers under each shell, and against other users of its folder.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bootstrapScript } from '../../../src/http/bootstrap-script.ts'
import {
  type ClientServers,
  isEnroll,
  startClientServers,
  unavailable,
} from '../../support/client-servers.ts'
import { HOSTILE_ANSWERS, ODD_ANSWERS, answerWith } from '../../support/hostile-answers.ts'
import { CLUSTER, ROLE, claimsOf } from '../../support/test-enroller.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { pathWith, runScript } from '../../support/bootstrap.ts'
import type { Run } from '../../support/command.ts'

const SHELLS = [
  ['dash', []],
  ['bash', []],
  ['busybox', ['sh']],
] as const

type Shell = readonly [string, ...string[]]

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-hostile-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const withScene = async <T>(use: (servers: ClientServers) => Promise<T>): Promise<T> => {
  const servers = await startClientServers()
  try {
    return await use(servers)
  } finally {
    await servers.close()
  }
}

const run = (
  servers: ClientServers,
  shell: Shell,
  env: Record<string, string> = {},
): Promise<Run> =>
  runScript(shell, bootstrapScript({ issuer: servers.url, role: ROLE }), {
    ROLLCALL_METADATA_URL: servers.metadataUrl,
    ROLLCALL_ATTEMPTS: '2',
    PATH: toolsWith({}),
    ...env,
  })

/** A PATH on which these programs are found before the real ones, and nothing waits. */
const toolsWith = (fakes: Readonly<Record<string, string>>): string =>
  pathWith(mkdtempSync(join(folder, 'fakes-')), { sleep: ':', ...fakes })

/** What a terminal may be sent: printable ASCII in lines. */
const FOR_TERMINALS = /^[\x20-\x7e\n]*$/
const MEBIBYTE = 1024 * 1024

describe.concurrent.each(SHELLS)('bootstrap.sh under %s', (name, args) => {
  const shellOf = (context: TestContext): Shell => [
    requireTool(context, name, `apt-get install ${name}`),
    ...args,
  ]

  it.for([...HOSTILE_ANSWERS, ...ODD_ANSWERS])(
    'ends with $status, whole or not at all, when the answer is $name',
    (answer, context) =>
      withScene(async (servers) => {
        const taken = answerWith(servers, answer)
        const { status, stdout, stderr } = await run(servers, shellOf(context))
        expect(status, stderr).toBe(answer.status)
        if (status === 0) expect(claimsOf(stdout)).toMatchObject({ role: ROLE })
        else expect(stdout).toBe('')
        expect(stderr).toMatch(FOR_TERMINALS)
        // Three attempts, and what sockets hold on the way.
        expect(taken.bytes).toBeLessThan(24 * MEBIBYTE)
      }),
  )

  it('stores less than 256 KiB of an answer without end, and says that it is too long', (context) =>
    withScene(async (servers) => {
      const endless = HOSTILE_ANSWERS.find(({ name }) => name === 'a challenge without end')
      answerWith(servers, endless as (typeof HOSTILE_ANSWERS)[number])
      const tmp = mkdtempSync(join(folder, 'tmp-'))
      const sizes = join(tmp, 'sizes')
      // Before the script removes its folder: what is in it.
      const PATH = toolsWith({
        rm: `wc -c "${tmp}"/*/body >>'${sizes}'\nexec ${findTool('rm')} "$@"`,
      })
      const { status, stderr } = await run(servers, shellOf(context), { PATH, TMPDIR: tmp })
      expect(status).toBe(5)
      expect(stderr).toContain('the answer is longer than 64 KiB')
      const [size = '', ...rest] = readFileSync(sizes, 'utf8').trim().split(' ')
      expect(rest.join(' ')).toMatch(/body$/)
      expect(Number(size)).toBeLessThan(256 * 1024)
      expect(readdirSync(tmp)).toEqual(['sizes'])
    }))

  it('takes an answer of 64 KiB whose length is not announced', (context) =>
    withScene(async (servers) => {
      servers.intercept = () => {
        const body = new Blob([' '.repeat(65_536)])
        return new Response(body.stream(), { status: 400, headers: { 'Content-Type': 'text/x' } })
      }
      const { status, stderr } = await run(servers, shellOf(context))
      expect(status).toBe(5)
      expect(stderr).toContain('400 text/x')
    }))

  it('sends no control characters of a title to the terminal, in any encoding', (context) =>
    withScene(async (servers) => {
      const parts = [
        '{"title":"a\u009b31mb\u001b[31m\u202ec',
        '","request_id":"r\u0085","status":403,"code":"not_admitted"}',
      ]
      const body = new Blob([
        parts[0] as string,
        Uint8Array.of(0x9b, 0x07, 0x7f),
        parts[1] as string,
      ])
      const headers = { 'Content-Type': 'application/problem+json' }
      servers.intercept = () => new Response(body, { status: 403, headers })
      const { status, stderr } = await run(servers, shellOf(context))
      expect(status).toBe(4)
      expect(stderr).toMatch(FOR_TERMINALS)
      expect(stderr).toContain('refused: a??31mb[31m???c? (status 403, request r??)')
    }))

  it("sends no control characters of curl's errors to the terminal", (context) =>
    withScene(async (servers) => {
      const PATH = toolsWith({ curl: String.raw`printf 'curl: \302\23331m\233\033\n' >&2; exit 7` })
      const { status, stderr } = await run(servers, shellOf(context), { PATH })
      expect(status).toBe(5)
      expect(stderr).toMatch(FOR_TERMINALS)
      expect(stderr).toContain('curl: ??31m?')
    }))

  it('waits as long as a Retry-After that begins with zeros says', (context) =>
    withScene(async (servers) => {
      let left = 1
      servers.intercept = (request) =>
        isEnroll(request) && left-- > 0 ? unavailable({ 'Retry-After': '0009' }) : undefined
      const PATH = toolsWith({ sleep: '[ "$1" -ge 9 ]' })
      expect(await run(servers, shellOf(context), { PATH })).toMatchObject({ status: 0 })
    }))

  it('asks for a token for the one audience of ROLLCALL_RESOURCE', (context) =>
    withScene(async (servers) => {
      const env = { ROLLCALL_RESOURCE: CLUSTER }
      const { stdout } = await run(servers, shellOf(context), env)
      expect(claimsOf(stdout)['aud']).toEqual([CLUSTER])
      const [body] = servers.bodiesOf('POST /v1/enroll')
      expect(new URLSearchParams(body).get('resource')).toBe(CLUSTER)
    }))

  /** Plants something at the token file's place while the service makes the token. */
  const plant = (servers: ClientServers, plantIt: () => void): void => {
    servers.intercept = (request) => {
      if (isEnroll(request)) plantIt()
      return undefined
    }
  }

  const PLANTS = [
    ['a link to a folder', (file: string, elsewhere: string) => symlinkSync(elsewhere, file)],
    ['a folder', (file: string) => mkdirSync(file)],
  ] as const
  const MOVERS = [
    ['mv as it is', undefined],
    ['mv as POSIX has it', `case $1 in -*T*) exit 1 ;; esac\nexec ${findTool('mv')} "$@"`],
  ] as const

  for (const [what, plantIt] of PLANTS) {
    for (const [which, mv] of MOVERS) {
      it(`does not say that it delivered into ${what} that was laid at the last moment, with ${which}`, (context) =>
        withScene(async (servers) => {
          const place = mkdtempSync(join(folder, 'place-'))
          const [file, elsewhere] = [join(place, 'token.jwt'), join(place, 'elsewhere')]
          mkdirSync(elsewhere)
          plant(servers, () => plantIt(file, elsewhere))
          const env: Record<string, string> = mv === undefined ? {} : { PATH: toolsWith({ mv }) }
          const { status, stdout, stderr } = await run(servers, shellOf(context), {
            ROLLCALL_TOKEN_FILE: file,
            ...env,
          })
          expect(stdout).toBe('')
          if (status === 0) {
            // A client that renames, and does not move into folders, has replaced the link.
            expect(lstatSync(file).isFile()).toBe(true)
            expect(claimsOf(readFileSync(file, 'utf8'))).toMatchObject({ role: ROLE })
          } else {
            expect(status).toBe(2)
            expect(stderr).toContain('the token is not there')
            expect(readdirSync(file)).toEqual([])
          }
          expect(readdirSync(elsewhere)).toEqual([])
          expect(readdirSync(place).toSorted()).toEqual(['elsewhere', 'token.jwt'])
        }))
    }
  }

  it('does not say that it delivered where another file took the place of the token file', (context) =>
    withScene(async (servers) => {
      const file = join(mkdtempSync(join(folder, 'place-')), 'token.jwt')
      const mv = `${findTool('mv')} "$@" && case "$*" in *token.jwt) echo other >'${file}' ;; esac`
      const env = { ROLLCALL_TOKEN_FILE: file, PATH: toolsWith({ mv }) }
      expect(await run(servers, shellOf(context), env)).toMatchObject({ status: 2, stdout: '' })
    }))

  it('ends with 2 where the token file cannot be written in the end', (context) =>
    withScene(async (servers) => {
      const place = mkdtempSync(join(folder, 'place-'))
      const file = join(place, 'token.jwt')
      plant(servers, () => rmSync(place, { recursive: true }))
      const { status, stdout } = await run(servers, shellOf(context), { ROLLCALL_TOKEN_FILE: file })
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(existsSync(file)).toBe(false)
    }))
})
