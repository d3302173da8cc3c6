// The programs that `rollcall recipe` prints for relying parties that verify tokens by themselves, ready to be run.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { VerifyingParty } from '../../generate/relying-parties.ts'
import { recipeFile } from '../../generate/recipes.ts'
import { GOPATH, buildGoProgram } from '../../support/go-program.ts'
import { replaceAll } from '../../support/page-fences.ts'
import { findTool } from '../../support/requirements.ts'
import { ROOT } from '../../support/sources.ts'
import { CACHE_SECONDS } from './issuer.ts'

const run = promisify(execFile)

/** Below the project, so that programs in JavaScript find its packages. */
const PROGRAMS = join(ROOT, 'node_modules/.cache/relying-parties')
const GO_OIDC = 'github.com/coreos/go-oidc'
/** The Python of Debian's packages: another one may come first in PATH. */
const PYTHON = '/usr/bin/python3'

/** A command, with its arguments. */
export type Command = readonly [string, ...string[]]

/** Texts of a program, and what stands there in the test. */
export type Changes = Readonly<Record<string, string>>

/** Something that a relying party needs is not installed. */
export class MissingError extends Error {}

/** Writes a program that does not change while it runs. @returns its path */
const writeProgram = (text: string, ending: string): string => {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  mkdirSync(PROGRAMS, { recursive: true })
  const file = join(PROGRAMS, `${hash}.${ending}`)
  writeFileSync(file, text)
  return file
}

/** What a program is for. */
export interface ProgramValues {
  readonly issuer: string
  readonly audience: string
  /** Accounts and regions that are admitted. Default: each. */
  readonly account?: readonly string[]
  readonly region?: readonly string[]
}

/** The program of a recipe, with other texts in some places; each of them must be there. */
const programOf = (recipe: string, values: ProgramValues, changes: Changes): string =>
  replaceAll(recipeFile(recipe, { ...values, role: ['worker'] }), Object.entries(changes))

const nodeProgram = (recipe: string, values: ProgramValues, changes: Changes): Command => {
  const short = { 'cacheMaxAge: 300_000': `cacheMaxAge: ${CACHE_SECONDS * 1000}` }
  const text = programOf(recipe, values, { ...short, ...changes })
  return [process.execPath, writeProgram(text, 'mjs')]
}

// Not the line for `crit`: PyJWT refuses it by itself since CVE-2026-32597, also in the security update of Debian 12.
/** The lines of a program that refuse tokens which its library admits, and what stands there without them. */
export const OWN_CHECKS: Readonly<Record<VerifyingParty, Changes>> = {
  PyJWT: {
    'header.get("typ") != "JWT"': 'False',
    '"cnf" in claims': 'False',
    'claims["role"] not in ROLES': 'False',
  },
  'go-oidc': {
    'header.Typ != "JWT" || header.Kid == ""': 'false',
    'found.Cnf != nil': 'false',
    '!roles[found.Role]': 'false',
  },
  jose: {
    'protectedHeader.kid === undefined': 'false',
    "'cnf' in payload": 'false',
    'roles.includes(role)': 'true',
  },
  'express-oauth2-jwt-bearer': {
    "typ === 'JWT' && header.kid !== undefined": 'true',
    "cnf === undefined || Object.keys(cnf).join() === 'jkt'": 'true',
    'roles.includes(auth.payload.role)': 'true',
  },
}

/**
 * How each program is prepared, with some of its texts changed.
 * They throw `MissingError` if something is not installed.
 */
export const COMMANDS: Readonly<
  Record<VerifyingParty, (values: ProgramValues, changes: Changes) => Command | Promise<Command>>
> = {
  async PyJWT(values, changes) {
    await run(PYTHON, ['-c', 'import jwt, cryptography']).catch(() => {
      const advice = 'apt-get install python3-jwt python3-cryptography'
      throw new MissingError(`PyJWT is not installed: ${advice}`)
    })
    const short = { 'lifespan=300': `lifespan=${CACHE_SECONDS}` }
    const text = programOf('pyjwt', values, { ...short, ...changes })
    return [PYTHON, '-u', writeProgram(text, 'py')]
  },

  async 'go-oidc'(values, changes) {
    if (findTool('go') === undefined)
      throw new MissingError('go is not installed: apt-get install golang-go')
    if (!existsSync(join(GOPATH, 'src', GO_OIDC))) {
      const advice = 'apt-get install golang-github-coreos-go-oidc-dev'
      throw new MissingError(`${GO_OIDC} is not installed: ${advice}`)
    }
    // The issuer of a test has another port each time, and the linker takes seconds.
    const printed = { ...values, issuer: 'https://rollcall.example' }
    const text = programOf('go-oidc', printed, {
      [`const issuer = "${printed.issuer}"`]: 'var issuer = os.Getenv("ROLLCALL_ISSUER")',
      ...changes,
    })
    return [await buildGoProgram(text)]
  },

  jose: (values, changes) => nodeProgram('jose', values, changes),
  'express-oauth2-jwt-bearer': (values, changes) =>
    nodeProgram('express-oauth2-jwt-bearer', values, changes),
}
