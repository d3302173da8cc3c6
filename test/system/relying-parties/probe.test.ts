// `rollcall probe` at real relying parties, each of which trusts the prober as its issuer: it finds what the tables of
// docs/use/ say, no more and no less.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ADMITTED,
  ADMITTED_BY_DOORS,
  DOORS,
  type DoorParty,
  REFUSED_BY_PROGRAM,
  REFUSED_BY_RECIPE,
  VERIFYING_PARTIES,
  type VerifyingParty,
} from '../../generate/relying-parties.ts'
import { recipeFiles } from '../../generate/recipes.ts'
import { BAD_TOKEN_NAMES } from '../../support/bad-tokens.ts'
import { BARE } from '../../support/doors/bare.ts'
import type { Changes } from '../../support/doors/door.ts'
import { missingFor, requireDoor, startJudgedDoor } from '../../support/doors/start-door.ts'
import { buildStepCa, startStepCa } from '../../support/doors/step-ca.ts'
import { type RollcallCommand, createCommand } from '../../support/command.ts'
import { type ProcessOptions, buildCommand } from '../../support/command-process.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import {
  type ServerCertificate,
  type TestCa,
  createTestCa,
} from '../../support/tls-certificates.ts'
import { AUDIENCE } from './issuer.ts'
import { requireParty, startParty } from './parties.ts'
import { type Probed, type RunCommand, type StartParty, probeParty } from './probing.ts'
import { OWN_CHECKS } from './programs.ts'

const LIMIT = { timeout: 120_000 }
const folder = mkdtempSync(join(tmpdir(), 'rollcall-probe-'))
let ca: TestCa
let certificate: ServerCertificate
let inProcess: RollcallCommand
let asProcess: RollcallCommand<ProcessOptions> | undefined

const run: RunCommand = (args, heard) =>
  inProcess.run(args, { watch: ({ stderr }, kill) => heard(stderr, () => kill('SIGTERM')) })

/** Node reads the CAs that it trusts when a process starts. */
const runProcess: RunCommand = async (args, heard) => {
  if (asProcess === undefined) throw new Error('the command was not built')
  return asProcess.run(args, {
    env: { NODE_EXTRA_CA_CERTS: ca.file },
    started: (child, output) =>
      void child.stderr?.on('data', () => heard(output.stderr, () => void child.kill())),
  })
}

beforeEach((context) => void requireTool(context, 'openssl', 'apt-get install openssl'))
beforeAll(async () => {
  if (findTool('openssl') === undefined) return
  ca = createTestCa(join(folder, 'ca'))
  certificate = ca.certificateFor('localhost')
  inProcess = createCommand()
  if (missingFor('step-ca') !== undefined) return
  await buildStepCa()
  asProcess = await buildCommand()
})
afterAll(() => {
  inProcess?.remove()
  asProcess?.remove()
  rmSync(folder, { recursive: true })
})

/** A request without a token, a text that is no token, and the bad tokens. */
const SHOWN = 2 + BAD_TOKEN_NAMES.length

/** What a prober must say. */
const expectFound = (probed: Probed, expected: readonly string[]): void => {
  expect(probed.admitted.toSorted(), probed.stderr).toEqual(expected.toSorted())
  expect(probed).toMatchObject({
    status: expected.length === 0 ? 0 : 1,
    stillOpen: true,
    counts: { refused: SHOWN - expected.length, admitted: expected.length, unclear: 0 },
  })
}

/** In Apache, the lines that are taken away read a variable, which these lines set. */
const CONDITIONS: Changes = [[/SetEnvIfExpr [^]*? ROLLCALL_FORM\n/, '']]

/** The lines of a recipe, with and without some of its texts. */
const linesOf = (recipe: string, issuer: string, changes: Changes = []): Set<string> => {
  const files = recipeFiles(recipe, { issuer, audience: AUDIENCE, role: ['worker'] })
  const changed = files.map(({ text }) => {
    let left = text
    for (const [printed, real] of changes) left = left.split(printed).join(real)
    return left
  })
  return new Set(changed.flatMap((text) => text.split('\n').map((line) => line.trim())))
}

/** Each remedy must be a line of the recipe, and one that the bare variant does not have. */
const expectLines = (
  { remedies, issuer }: Probed,
  recipe: string,
  names: readonly string[],
  changes: Changes,
): void => {
  const printed = linesOf(recipe, issuer)
  const bare = linesOf(recipe, issuer, [...changes, ...CONDITIONS])
  for (const name of names) {
    const [, line = ''] =
      /^the recipe .+? by this line of \S+: (.*)$/.exec(remedies[name] ?? '') ?? []
    expect(printed, `${name}: ${remedies[name]}`).toContain(line)
    expect(bare, `${name}: ${line}`).not.toContain(line)
  }
}

describe.concurrent('rollcall probe at a door', () => {
  const probeDoor = (
    name: DoorParty,
    changes: Changes = [],
    options: readonly string[] = [],
  ): Promise<Probed> => {
    const start: StartParty = (issuer, isAdmitted) =>
      startJudgedDoor(name, { issuer, caFile: ca.file, audience: AUDIENCE, changes }, ({ url }) =>
        isAdmitted(url),
      )
    if (name !== 'step-ca')
      return probeParty({ run, certificate, more: ['--recipe', name, ...options] }, start)
    const own = mkdtempSync(join(folder, 'step-ca-'))
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
    const csr = execFileSync('openssl', ['req', '-new', ...curve, '-nodes', '-subj', '/CN=n'], {
      cwd: own,
      encoding: 'utf8',
      stdio: 'pipe',
    })
    const body = join(own, 'body.json')
    writeFileSync(body, JSON.stringify({ csr, ott: '{token}' }))
    return probeParty(
      {
        run: runProcess,
        certificate,
        address: 'https://localhost:PORT/1.0/sign',
        more: ['--recipe', name, '--body', body],
      },
      (issuer) =>
        startStepCa(
          { issuer, caFile: ca.file, audience: AUDIENCE, changes },
          join(own, 'door'),
          ca,
        ),
    )
  }

  it.for(DOORS)('finds what %s cannot refuse, and nothing else', LIMIT, async (name, context) => {
    requireDoor(context, name)
    expectFound(await probeDoor(name), ADMITTED_BY_DOORS[name])
  })

  it.for(['haproxy', 'nginx-njs'] as const)(
    'finds the same at %s with tokens by RS256',
    LIMIT,
    async (name, context) => {
      requireDoor(context, name)
      expectFound(await probeDoor(name, [], ['--algorithm', 'RS256']), ADMITTED_BY_DOORS[name])
    },
  )

  it.for(Object.keys(REFUSED_BY_RECIPE) as DoorParty[])(
    'finds what %s admits without its recipe, and names the line',
    LIMIT,
    async (name, context) => {
      requireDoor(context, name)
      const changes = BARE[name] ?? []
      const names = REFUSED_BY_RECIPE[name] ?? []
      const probed = await probeDoor(name, changes)
      expectFound(probed, [...ADMITTED_BY_DOORS[name], ...names])
      expectLines(probed, name, names, changes)
    },
  )
})

describe.concurrent('rollcall probe at a program', () => {
  const RECIPE: Readonly<Record<VerifyingParty, string>> = {
    PyJWT: 'pyjwt',
    'go-oidc': 'go-oidc',
    jose: 'jose',
    'express-oauth2-jwt-bearer': 'express-oauth2-jwt-bearer',
  }

  for (const isBare of [false, true]) {
    const how = isBare ? 'without the checks of its program' : 'as its page prints it'
    it.for(VERIFYING_PARTIES)(`finds what %s admits, ${how}`, LIMIT, async (name, context) => {
      const recipe = RECIPE[name]
      const probed = await probeParty(
        { run, certificate, more: ['--recipe', recipe] },
        async (issuer) =>
          requireParty(
            context,
            await startParty(name, { url: issuer, caFile: ca.file }, { isBare }),
          ),
      )
      const names = isBare ? REFUSED_BY_PROGRAM[name] : []
      expectFound(probed, [...ADMITTED[name], ...names])
      const changes = Object.entries(OWN_CHECKS[name])
      expectLines(probed, recipe, names, changes)
    })
  }
})
