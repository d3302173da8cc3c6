// The relying parties that verify tokens by themselves, each with the program of its page, in a process of its own.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import type { VerifyingParty } from '../../generate/relying-parties.ts'
import { reservePort } from '../../support/ports.ts'
import { cleanEnvironment, startProcess, waitUntil } from '../../support/processes.ts'
import { findTool } from '../../support/requirements.ts'
import { ROOT } from '../../support/sources.ts'
import { AUDIENCE, CACHE_SECONDS, type Issuer } from './issuer.ts'
import { pageServer } from './page-server.ts'

const run = promisify(execFile)
const READY_SECONDS = 30
/** Below the project, so that programs in JavaScript find its packages. */
const PROGRAMS = join(ROOT, 'node_modules/.cache/relying-parties')
const GOPATH = '/usr/share/gocode'
const GO_OIDC = 'github.com/coreos/go-oidc'
/** The Python of Debian's packages: another one may come first in PATH. */
const PYTHON = '/usr/bin/python3'

/** A command, with its arguments. */
type Command = readonly [string, ...string[]]

/** Something that a relying party needs is not installed. */
class MissingError extends Error {}

/** Writes a program that does not change while it runs. @returns its path */
const writeProgram = (text: string, ending: string): string => {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  mkdirSync(PROGRAMS, { recursive: true })
  const file = join(PROGRAMS, `${hash}.${ending}`)
  writeFileSync(file, text)
  return file
}

const nodeProgram = (heading: string, audience: string): Command => {
  const page = 'docs/use/node-libraries.md'
  const changes = {
    'cacheMaxAge: 300_000': `cacheMaxAge: ${CACHE_SECONDS * 1000}`,
    [AUDIENCE]: audience,
  }
  const text = pageServer({ page, language: 'js', heading }, changes)
  return [process.execPath, writeProgram(text, 'mjs')]
}

/** How each is prepared, for an audience. They throw `MissingError` if something is not installed. */
const COMMANDS: Readonly<Record<VerifyingParty, (audience: string) => Command | Promise<Command>>> =
  {
    async PyJWT(audience) {
      await run(PYTHON, ['-c', 'import jwt, cryptography']).catch(() => {
        const advice = 'apt-get install python3-jwt python3-cryptography'
        throw new MissingError(`PyJWT is not installed: ${advice}`)
      })
      const changes = { 'lifespan=300': `lifespan=${CACHE_SECONDS}`, [AUDIENCE]: audience }
      const text = pageServer({ page: 'docs/use/python.md', language: 'python' }, changes)
      return [PYTHON, '-u', writeProgram(text, 'py')]
    },

    async 'go-oidc'(audience) {
      const go = findTool('go')
      if (go === undefined) throw new MissingError('go is not installed: apt-get install golang-go')
      if (!existsSync(join(GOPATH, 'src', GO_OIDC))) {
        const advice = 'apt-get install golang-github-coreos-go-oidc-dev'
        throw new MissingError(`${GO_OIDC} is not installed: ${advice}`)
      }
      const text = pageServer({ page: 'docs/use/go.md', language: 'go' }, { [AUDIENCE]: audience })
      const source = writeProgram(text, 'go')
      const program = source.replace(/\.go$/, '')
      // Once for each text of the page: the linker takes seconds.
      if (!existsSync(program)) {
        const unfinished = `${program}.${process.pid}`
        await run(go, ['build', '-o', unfinished, source], {
          env: cleanEnvironment({ GOPATH, GO111MODULE: 'off', GOFLAGS: '' }),
        })
        renameSync(unfinished, program)
      }
      return [program]
    },

    jose: (audience) => nodeProgram('jose', audience),
    'express-oauth2-jwt-bearer': (audience) => nodeProgram('express-oauth2-jwt-bearer', audience),
  }

/** A relying party that runs. */
export interface RunningParty {
  readonly url: string
  /** Shows it a token as a bearer token. @returns its answer */
  show(token: string): Promise<Response>
  /** What it has written so far: why it refused a token. */
  said(): string
  stop(): Promise<number | null>
}

/** A relying party that runs, or why it does not. */
export type StartedParty = RunningParty | MissingError

/**
 * Starts a relying party that trusts an issuer, and waits until it answers.
 * @throws Error with all that it has written, if it does not answer within 30 seconds
 */
export const startParty = async (
  name: VerifyingParty,
  issuer: Issuer,
  audience = AUDIENCE,
): Promise<StartedParty> => {
  let command: Command
  try {
    command = await COMMANDS[name](audience)
  } catch (error) {
    if (error instanceof MissingError) return error
    throw error
  }
  const [program, ...args] = command
  const port = await reservePort()
  const url = `http://127.0.0.1:${port}`
  const { output, child, stop } = startProcess(program, args, {
    PORT: String(port),
    ROLLCALL_ISSUER: issuer.url,
    // As the pages say for a CA of one's own.
    SSL_CERT_FILE: issuer.caFile,
    NODE_EXTRA_CA_CERTS: issuer.caFile,
  })
  const answers = async (): Promise<boolean> =>
    (await fetch(url).catch(() => undefined))?.status === 401
  try {
    const alive = (): boolean => child.exitCode === null
    await waitUntil(answers, { seconds: READY_SECONDS, what: `${name} ready`, alive })
  } catch (cause) {
    await stop()
    throw new Error(`${String(cause)}\n${output.stdout}\n${output.stderr}`, { cause })
  }
  return {
    url,
    show: (token) => fetch(url, { headers: { Authorization: `Bearer ${token}` } }),
    said: () => output.stdout + output.stderr,
    stop,
  }
}

/**
 * The relying party, for a test. The test is skipped, with the reason, where the relying party is not installed.
 * @throws Error if everything is to be tested (ROLLCALL_REQUIRE_ALL=1) and it is not installed
 */
export const requireParty = (context: TestContext, party: StartedParty): RunningParty => {
  if (!(party instanceof MissingError)) return party
  if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw party
  return context.skip(party.message)
}
