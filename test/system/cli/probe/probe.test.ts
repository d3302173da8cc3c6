// `rollcall probe` in this process, against doors that leave checks out: it finds what a door leaves out, no more and
// no less.

import * as fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  BAD_TOKEN_NAMES,
  type BadTokenName,
  FORGED_NAMES,
  checkOf,
  forgeBadToken,
  makeBadToken,
  resign,
} from '../../../../src/cli/probe/bad-tokens.ts'
import { part } from '../../../../src/cli/probe/compact-jws.ts'
import { CHECKS, type Check } from '../../../../src/cli/probe/checks.ts'
import {
  ADMITS,
  MARKED_RECIPES,
  MARKS,
  type MarkedRecipe,
} from '../../../../src/cli/probe/recipe-marks.ts'
import { refusingLine } from '../../../../src/cli/probe/refusing-line.ts'
import { type TestIssuer, startTestIssuer } from '../../../../src/cli/probe/test-issuer.ts'
import { RECIPE_NAMES } from '../../../../src/cli/recipe/names.ts'
import { ADMITTED_BY_HAND } from '../../../generate/by-hand.ts'
import {
  ADMITTED,
  ADMITTED_BY_DOORS,
  DOORS,
  VERIFYING_PARTIES,
} from '../../../generate/relying-parties.ts'
import { type RollcallCommand, createCommand } from '../../../support/command.ts'
import { findTool, requireTool } from '../../../support/requirements.ts'
import { pageFence } from '../../../support/page-fences.ts'
import { startListening } from '../../../support/listening.ts'
import { reservePort } from '../../../support/ports.ts'
import { startCheckingDoor } from './checking-door.ts'

const ALL = new Set(Object.keys(CHECKS) as Check[])
const without = (...names: readonly Check[]): Set<Check> => {
  const left = new Set(ALL)
  for (const name of names) left.delete(name)
  return left
}

const AUDIENCE = 'https://app.example'
const SHOWN = ['no token', 'not a token', ...BAD_TOKEN_NAMES]

interface Line {
  readonly name: string
  readonly outcome: string
  readonly answer?: string
  readonly means?: string
  readonly remedy?: string
}

let command: RollcallCommand
beforeAll(() => {
  command = createCommand()
})
afterAll(() => command.remove())

const admittedIn = (stdout: string): string[] => {
  const { lines } = JSON.parse(stdout) as { lines: Line[] }
  return lines.filter(({ outcome }) => outcome === 'admitted').map(({ name }) => name)
}

const isBadToken = (name: string): name is BadTokenName =>
  (BAD_TOKEN_NAMES as readonly string[]).includes(name)

/** What a door admits that does only these checks. */
const missedBy = (checks: ReadonlySet<Check>): string[] =>
  SHOWN.filter((name) => !checks.has(isBadToken(name) ? checkOf(name) : 'presence'))

/** Probes a door with a test issuer. */
const probeForText = async (checks: ReadonlySet<Check>, ...more: readonly string[]) => {
  const port = await reservePort()
  const demands = { issuer: `http://127.0.0.1:${port}`, audience: AUDIENCE, role: 'worker' }
  const door = await startCheckingDoor(checks, demands)
  try {
    const url = `http://127.0.0.1:${door.port}/`
    const args = ['probe', url, '--audience', AUDIENCE, '--test-issuer', String(port)]
    const run = await command.run([...args, '--wait', '0', ...more])
    return { run, url, seen: door.seen }
  } finally {
    await door.close()
  }
}

const probeByTestIssuer = (checks: ReadonlySet<Check>, ...more: readonly string[]) =>
  probeForText(checks, '--json', ...more)

describe('rollcall probe --test-issuer', () => {
  it('finds nothing at a door with every check', async () => {
    const { run, seen } = await probeByTestIssuer(ALL)
    expect(run.status).toBe(0)
    expect(admittedIn(run.stdout)).toEqual([])
    expect(JSON.parse(run.stdout)).toMatchObject({
      counts: { refused: SHOWN.length, admitted: 0, unclear: 0, notTried: 0 },
      stillOpen: true,
    })
    // A good one at the start and at the end, and the others in between.
    expect(seen).toHaveLength(SHOWN.length + 2)
    for (const token of seen.filter((it) => it.length > 20)) {
      expect(run.stdout + run.stderr).not.toContain(token)
    }
  })

  it('finds everything at a door without any check', async () => {
    const { run } = await probeByTestIssuer(new Set())
    expect(run.status).toBe(1)
    expect(admittedIn(run.stdout)).toEqual(SHOWN)
  })

  it.each([...ALL])('finds what a door admits that does not check: %s', async (check) => {
    const checks = without(check)
    const { run } = await probeByTestIssuer(checks)
    expect(run.status).toBe(1)
    expect(admittedIn(run.stdout)).toEqual(missedBy(checks))
    expect(missedBy(checks)).not.toEqual([])
  })

  it('finds exactly what is left out, for any set of checks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray([...ALL]), async (kept) => {
        const checks = new Set(kept)
        const { run } = await probeByTestIssuer(checks)
        expect(admittedIn(run.stdout)).toEqual(missedBy(checks))
      }),
      { numRuns: 8 },
    )
  })

  it('says what an admitted token means and which line of the recipe refuses it', async () => {
    const { run, url } = await probeByTestIssuer(without('audience', 'role'), '--recipe', 'pyjwt')
    const { lines } = JSON.parse(run.stdout) as { lines: Line[] }
    expect(lines.find(({ name }) => name === 'another aud')).toEqual({
      name: 'another aud',
      outcome: 'admitted',
      answer: '200',
      means: CHECKS.audience.risk,
      remedy: 'the recipe pyjwt refuses it by this line of app.py: audience=AUDIENCE,',
    })
    const text = await command.run([
      'probe',
      url,
      '--audience',
      AUDIENCE,
      '--test-issuer',
      '0',
      '--wait',
      '0',
    ])
    expect(text).toMatchObject({ status: 5, stdout: '' })
    expect(text.stderr).toContain('does not answer')
  })

  it('prints what docs/use/probe.md shows', async () => {
    const { run } = await probeForText(without('form', 'binding', 'role'), '--recipe', 'pyjwt')
    const parts = pageFence('docs/use/probe.md', 'text found').split('...\n')
    expect(parts.length).toBeGreaterThan(3)
    let from = 0
    for (const part of parts) {
      const at = run.stdout.indexOf(part, from)
      expect(at, `${part} in ${run.stdout}`).toBeGreaterThanOrEqual(0)
      from = at + part.length
    }
    expect(run.stdout.slice(from)).toBe('')
  })

  it('counts what the user accepts for nothing', async () => {
    const names = BAD_TOKEN_NAMES.filter((name) => checkOf(name) === 'form')
    const accept = names.flatMap((name) => ['--accept', name])
    const { run } = await probeByTestIssuer(without('form'), ...accept, '--junit', 'accepted.xml')
    expect(run.status).toBe(0)
    expect(JSON.parse(run.stdout)).toMatchObject({
      counts: { admitted: 0, accepted: accept.length / 2 },
    })
    const xml = readFileSync(join(command.folder, 'accepted.xml'), 'utf8')
    expect(xml).toContain(`tests="${SHOWN.length + 1}" failures="0" errors="0" skipped="0"`)
    const more = await probeByTestIssuer(without('form', 'role'), ...accept)
    expect(more.run.status).toBe(1)
    expect(admittedIn(more.run.stdout)).toEqual(
      BAD_TOKEN_NAMES.filter((name) => checkOf(name) === 'role'),
    )
    const other = await probeByTestIssuer(ALL, '--accept', 'no token')
    expect(other.run).toMatchObject({ status: 2, stdout: '' })
    expect(other.run.stderr).toContain('no bad token is named "no token"')
  })

  it('stops with 4 if the door refuses a good token', async () => {
    const { run } = await probeByTestIssuer(ALL, '--role', 'another')
    expect(run).toMatchObject({ status: 4, stdout: '' })
    expect(run.stderr).toContain('the door answered a good token with 403')
  })

  it('refuses a port that is taken', async () => {
    const taken = await startListening(createServer())
    const args = [
      'probe',
      'http://127.0.0.1:1/',
      '--audience',
      'a',
      '--test-issuer',
      String(taken.port),
    ]
    const run = await command.run(args)
    await taken.close()
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(`cannot listen on 127.0.0.1:${taken.port} (EADDRINUSE)`)
  })
})

describe('rollcall probe --junit', () => {
  it('writes a document that another parser reads', async (context) => {
    requireTool(context, 'python3', 'apt-get install python3')
    const { run, url } = await probeByTestIssuer(without('binding'), '--junit', 'probe.xml')
    expect(run.status).toBe(1)
    const program = `
import sys, json, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot().find('testsuite')
print(json.dumps([suite.attrib, [[c.attrib['classname'], c.attrib['name']] + [f.tag for f in c] for c in suite]]))`
    const python = findTool('python3') as string
    const out = execFileSync(python, ['-c', program, join(command.folder, 'probe.xml')], {
      encoding: 'utf8',
    })
    const [attributes, cases] = JSON.parse(out) as [object, string[][]]
    const tests = String(SHOWN.length + 1)
    expect(attributes).toMatchObject({ tests, failures: '3', errors: '0', skipped: '0' })
    expect(cases.filter((it) => it.length > 2)).toEqual([
      [url, 'bound to a key', 'failure'],
      [url, 'bound to a certificate', 'failure'],
      [url, 'bound to a key and a certificate', 'failure'],
    ])
  })
})

describe('rollcall probe --token', () => {
  let issuer: TestIssuer
  const write = (name: string, token: string): string => {
    writeFileSync(join(command.folder, name), token)
    return name
  }
  const options = {
    host: '127.0.0.1',
    port: 0,
    algorithm: 'ES256',
    role: 'worker',
    account: '1',
    region: 'cn-hangzhou',
  } as const
  beforeAll(async () => {
    issuer = await startTestIssuer({ ...options, audience: AUDIENCE })
    write('good', issuer.good())
    const exp = Math.floor(Date.now() / 1000) - 20
    write('expired just now', resign(issuer.good(), issuer.privateKey, { exp }))
    for (const name of ['expired', 'bound to a key', 'another aud'] as const) {
      write(name, makeBadToken(name, issuer.good(), issuer.privateKey))
    }
  })
  afterAll(() => issuer.close())

  const probe = async (checks: ReadonlySet<Check>, ...more: readonly string[]) => {
    const demands = { issuer: issuer.issuer, audience: AUDIENCE, role: 'worker' }
    const door = await startCheckingDoor(checks, demands)
    try {
      const url = `http://127.0.0.1:${door.port}/`
      const args = [
        'probe',
        url,
        '--audience',
        AUDIENCE,
        '--token',
        'good',
        '--wait',
        '0',
        '--json',
      ]
      return await command.run([...args, ...more])
    } finally {
      await door.close()
    }
  }
  const FILES = [
    '--expired-token',
    'expired',
    '--bound-token',
    'bound to a key',
    '--other-audience-token',
    'another aud',
  ]

  it('shows what needs no key, and says what the rest needs', async () => {
    const run = await probe(ALL)
    expect(run.status).toBe(0)
    const { lines } = JSON.parse(run.stdout) as { lines: Line[] }
    expect(lines.filter(({ outcome }) => outcome === 'refused').map(({ name }) => name)).toEqual([
      'no token',
      'not a token',
      ...FORGED_NAMES,
    ])
    expect(lines.find(({ name }) => name === 'expired')?.remedy).toBe('give --expired-token FILE')
    expect(lines.find(({ name }) => name === 'crit')?.remedy).toBe('give --test-issuer PORT')
  })

  it('says in one line what needs the key of the issuer', async () => {
    const demands = { issuer: issuer.issuer, audience: AUDIENCE, role: 'worker' }
    const door = await startCheckingDoor(ALL, demands)
    const url = `http://127.0.0.1:${door.port}/`
    const run = await command.run(['probe', url, '--audience', AUDIENCE, '--token', 'good'])
    await door.close()
    expect(run.stdout.trimEnd().split('\n').slice(-6)).toEqual([
      'refused    two parts alone: 401',
      'not tried  expired: give --expired-token FILE',
      'not tried  another aud: give --other-audience-token FILE',
      'not tried  bound to a key: give --bound-token FILE',
      'not tried  23 others: give --test-issuer PORT',
      '22 refused, 0 admitted, 0 unclear, 26 not tried',
    ])
  })

  it('shows the tokens of the user, too', async () => {
    const run = await probe(without('time', 'binding', 'audience', 'signature'), ...FILES)
    expect(run.status).toBe(1)
    expect(admittedIn(run.stdout).toSorted()).toEqual(
      [
        'expired',
        'bound to a key',
        'another aud',
        ...FORGED_NAMES.filter((name) => checkOf(name) === 'signature'),
      ].toSorted(),
    )
  })

  it('refuses tokens that somebody else made, or that differ in more than one thing', async () => {
    const evil = await startTestIssuer({ ...options, audience: AUDIENCE })
    await evil.close()
    const old = { iat: 1, nbf: 1, exp: 300 }
    const expired = resign(issuer.good(), issuer.privateKey, old)
    const [head, payload] = expired.split('.') as [string, string, string]
    const ecs = { owner_account_id: '2', region_id: 'cn-hangzhou' }
    const cases: [string, string, string][] = [
      ['--expired-token', resign(issuer.good(), evil.privateKey, old), 'verifies it'],
      ['--expired-token', `${head}.${payload}.AAAA`, 'verifies it'],
      ['--expired-token', `${part({ alg: 'none', typ: 'JWT' })}.${payload}.`, 'verifies it'],
      ['--expired-token', resign(evil.good(), evil.privateKey, old), 'its issuer differs'],
      ...(['--bound-token', '--other-audience-token'] as const).map(
        (option): [string, string, string] => {
          const bad = option === '--bound-token' ? 'bound to a key' : 'another aud'
          return [option, makeBadToken(bad, issuer.good(), evil.privateKey), 'verifies it']
        },
      ),
      ...[
        ['issuer', { iss: 'https://evil.example' }],
        ['role', { role: 'other' }],
        ['freshness (acr)', { acr: 'urn:rollcall:freshness:signing_time' }],
        ['account', { ecs }],
        ['region', { ecs: { ...ecs, owner_account_id: '1', region_id: 'cn-x' } }],
      ].map(([what, change]): [string, string, string] => [
        '--expired-token',
        resign(issuer.good(), issuer.privateKey, { ...old, ...(change as object) }),
        `its ${String(what)} differs from --token`,
      ]),
      [
        '--bound-token',
        makeBadToken('bound to a certificate', issuer.good(), issuer.privateKey),
        'cnf.jkt',
      ],
      [
        '--other-audience-token',
        resign(issuer.good(), issuer.privateKey, { aud: ['x'], nbf: 9_999_999_999 }),
        'that is valid now',
      ],
      ['--token', resign(issuer.good(), evil.privateKey, {}), 'verifies it'],
    ]
    for (const [option, token, message] of cases) {
      const run = await probe(ALL, option, write('bad', token))
      expect(run, message).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain(message)
      expect(run.stderr).not.toContain(token)
    }
    const good = await probe(ALL, '--expired-token', write('bad', expired))
    expect(good.status).toBe(0)
  })

  it('sends no token to another machine by http, but for those of a test issuer', async () => {
    for (const host of ['192.0.2.2', 'app.example', '127.0.0.1.app.example', '[2001:db8::1]']) {
      const args = ['probe', `http://${host}:9/`, '--audience', AUDIENCE, '--wait', '0']
      const run = await command.run([...args, '--token', 'good'])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain('URL: http shows your tokens to the network')
    }
    const port = await reservePort()
    const args = ['probe', `http://localhost:${port}/`, '--audience', AUDIENCE, '--wait', '0']
    expect((await command.run([...args, '--token', 'good'])).status).toBe(5)
    // The name leads nowhere: a request was tried.
    const remote = ['probe', 'http://door.invalid/', ...args.slice(2), '--test-issuer', '0']
    expect((await command.run(remote)).status).toBe(5)
  })

  it('shows no query of URL, and no header that is malformed', async () => {
    const door = await startListening(
      createServer(({ headers, url }, response) => {
        const isGood = headers.authorization?.endsWith(issuer.good().slice(0, 20)) ?? false
        response.writeHead(isGood || url?.includes('open') === true ? 200 : 401).end()
      }),
    )
    const at = `http://127.0.0.1:${door.port}`
    const args = ['--audience', AUDIENCE, '--token', 'good', '--junit', 'secret.xml']
    const port = await reservePort()
    const runs = [
      await command.run(['probe', `${at}/open?api_key=SECRET#SECRET`, ...args]),
      await command.run(['probe', `${at}/open?api_key=SECRET`, ...args, '--json']),
      await command.run(['probe', `${at}/shut?api_key=SECRET`, ...args]),
      await command.run(['probe', `http://127.0.0.1:${port}/?api_key=SECRET`, ...args]),
      await command.run(['probe', `ftp://u:SECRET@app.example/?api_key=SECRET`, ...args]),
      await command.run(['probe', `app.example/?api_key=SECRET`, ...args]),
      await command.run(['probe', `${at}/`, ...args, '--header', 'X-Api-Key SECRET']),
    ]
    await door.close()
    expect(runs.map(({ status }) => status)).toEqual([1, 1, 4, 5, 2, 2, 2])
    const xml = readFileSync(join(command.folder, 'secret.xml'), 'utf8')
    expect(xml).toContain(`classname="${at}/open"`)
    expect(JSON.parse(runs[1]?.stdout ?? '')).toMatchObject({ url: `${at}/open` })
    for (const text of [xml, ...runs.flatMap(({ stdout, stderr }) => [stdout, stderr])]) {
      expect(text).not.toContain('SECRET')
    }
  })

  it.each([
    [301, 'the door redirects: probe its https address'],
    [400, 'a port that expects TLS answers so: try https; else check which issuer'],
    [404, 'check the path of URL and --method'],
    [502, 'look at the log of the door'],
    [403, 'check which issuer, audience and role the door demands'],
  ])('says what to do if a door answers a good token with %i', async (status, advice) => {
    const door = await startListening(
      createServer((_, response) => response.writeHead(status, { Location: '/' }).end()),
    )
    const args = ['--audience', AUDIENCE, '--token', 'good']
    const run = await command.run(['probe', `http://127.0.0.1:${door.port}/`, ...args])
    await door.close()
    expect(run).toMatchObject({ status: 4, stdout: '' })
    expect(run.stderr).toContain(`with ${status}, so bad tokens were not shown; ${advice}`)
  })

  it.each([
    ['--expired-token', 'good', 'that expired more than a minute ago'],
    ['--expired-token', 'expired just now', 'that expired more than a minute ago'],
    ['--bound-token', 'good', 'expected a token with cnf.jkt'],
    ['--other-audience-token', 'good', 'expected an unbound token without the audience'],
    ['--token', 'expired', '--token has expired'],
    ['--token', 'bound to a key', '--token is bound to a key'],
    [
      '--token',
      'another aud',
      '--token is not for "https://app.example"; give a token of this audience',
    ],
    ['--token', 'missing', 'missing'],
  ])('refuses %s with the token %s', async (option, file, message) => {
    const run = await probe(ALL, option, file)
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(message)
  })

  it('says so if the door begins to refuse the good token, too', async () => {
    let calls = 0
    const locking = await startListening(
      createServer((_, response) => response.writeHead(++calls === 1 ? 200 : 403).end()),
    )
    const args = ['--audience', AUDIENCE, '--token', 'good', '--wait', '0']
    const run = await command.run(['probe', `http://127.0.0.1:${locking.port}/`, ...args])
    await locking.close()
    expect(run.status).toBe(1)
    expect(run.stdout).toContain('The door refused the good token at the end')
  })

  it.each([
    [404, 'unclear'],
    [500, 'unclear'],
    [429, 'unclear'],
    [302, 'refused'],
    [400, 'refused'],
    [204, 'admitted'],
  ])('takes the status %i for: %s', async (status, outcome) => {
    const good = readFileSync(join(command.folder, 'good'), 'utf8')
    const door = await startListening(
      createServer((request, response) => {
        const isGood = request.headers.authorization === `Bearer ${good}`
        response.writeHead(isGood ? 200 : status, { Location: 'http://127.0.0.1:1/' }).end()
      }),
    )
    const args = ['--audience', AUDIENCE, '--token', 'good', '--json']
    const run = await command.run(['probe', `http://127.0.0.1:${door.port}/`, ...args])
    await door.close()
    expect(run.status).toBe(outcome === 'refused' ? 0 : 1)
    const { lines } = JSON.parse(run.stdout) as { lines: Line[] }
    const shown = lines.filter((line) => line.outcome !== 'not tried')
    expect(new Set(shown.map((line) => line.outcome))).toEqual(new Set([outcome]))
  })

  it('shows the token where the user says, in a header or in a body', async () => {
    const seen: string[] = []
    const door = await startListening(
      createServer(async (request, response) => {
        let body = ''
        for await (const piece of request) body += String(piece)
        seen.push(
          `${request.method} ${request.headers['x-token']} ${request.headers.authorization} ${body}`,
        )
        response.writeHead(200).end()
      }),
    )
    const good = readFileSync(join(command.folder, 'good'), 'utf8')
    writeFileSync(join(command.folder, 'body'), '{"ott":"{token}"}')
    const args = [
      '--audience',
      AUDIENCE,
      '--token',
      'good',
      '--header',
      'X-Token: <{token}>',
      '--body',
      'body',
    ]
    await command.run(['probe', `http://127.0.0.1:${door.port}/`, ...args])
    await door.close()
    expect(seen[0]).toBe(`POST <${good}> undefined {"ott":"${good}"}`)
    expect(seen[1]).toBe('POST undefined undefined ')
    expect(seen[2]).toBe('POST <not-a-token> undefined {"ott":"not-a-token"}')
  })

  it.each([
    ['ftp://app.example/', [], 'expected https://HOST/PATH'],
    ['not a URL', [], 'expected https://HOST/PATH'],
    ['https://u:p@app.example/', [], 'expected no user and no password'],
    ['https://app.example/', ['--header', 'no colon'], 'expected "NAME: VALUE"'],
    ['https://app.example/', ['--admitted', '99'], 'Expected HTTP statuses'],
    ['https://app.example/', ['--method', 'get'], 'Expected a method'],
    ['https://app.example/', ['--test-issuer', '99999'], 'Expected PORT or HOST:PORT'],
    ['https://app.example/', ['--wait', '-1'], 'Expected a whole number'],
  ])('refuses %s %j', async (url, more, message) => {
    const run = await command.run([
      'probe',
      url,
      '--audience',
      AUDIENCE,
      '--token',
      'good',
      ...more,
    ])
    expect(run).toMatchObject({ status: 2, stdout: '' })
    expect(run.stderr).toContain(message)
  })

  it('needs an audience and a token', async () => {
    const none = await command.run(['probe', 'https://app.example/'])
    expect(none).toMatchObject({ status: 2, stdout: '' })
    expect(none.stderr).toContain('--audience is missing')
    const token = await command.run(['probe', 'https://app.example/', '--audience', 'a'])
    expect(token).toMatchObject({ status: 2, stdout: '' })
    expect(token.stderr).toContain('give a good token, or --test-issuer PORT')
  })

  it('stops with 5 if the keys of the issuer are not available', async () => {
    const run = await probe(ALL, '--issuer', 'http://127.0.0.1:1')
    expect(run).toMatchObject({ status: 5, stdout: '' })
    expect(run.stderr).toContain('the keys of the issuer are not available')
  })
})

describe('the lines of recipes', () => {
  const values = { issuer: 'https://rollcall.example', audience: AUDIENCE, role: 'worker' }

  it.each(MARKED_RECIPES)('%s has each line that is named', (recipe) => {
    expect(RECIPE_NAMES).toContain(recipe)
    const lineOf = refusingLine({ ...values, recipe })
    const admits: readonly BadTokenName[] = ADMITS[recipe] ?? []
    const named = BAD_TOKEN_NAMES.filter((name) => !admits.includes(name))
    const missing = named.filter((name) => !/ by this line of /.test(lineOf(name) ?? ''))
    expect(missing).toEqual([])
    expect(lineOf('no token')).toBeDefined()
    const { everything: _, ...marks } = MARKS[recipe]
    const lines = named.map((name) => lineOf(name) ?? '')
    for (const mark of Object.values(marks)) {
      expect(
        lines.some((line) => line.includes(mark)),
        mark,
      ).toBe(true)
    }
  })

  it.each([
    ...DOORS.map((name) => [name, ADMITTED_BY_DOORS[name]] as const),
    ...VERIFYING_PARTIES.map(
      (name) => [name.toLowerCase() as MarkedRecipe, ADMITTED[name]] as const,
    ),
    ['vault', ADMITTED_BY_HAND.vault] as const,
  ])(
    'of %s say what its program cannot refuse, as the tables of the pages do',
    (recipe, admitted) => {
      const lineOf = refusingLine({ ...values, recipe })
      const without = BAD_TOKEN_NAMES.filter((name) => / admits it, too, /.test(lineOf(name) ?? ''))
      expect(without).toEqual(admitted)
    },
  )

  it.each(MARKED_RECIPES)(
    'of %s are the same for values with parts of other lines, and without a host',
    (recipe) => {
      const lines = (asked: object) => {
        const lineOf = refusingLine({ recipe, ...asked })
        return BAD_TOKEN_NAMES.map((name) => lineOf(name))
      }
      const usual = { issuer: 'https://a', audience: 'https://b', role: 'c' }
      const awkward = {
        issuer: 'https://audience-iss',
        audience: 'https://roles-cnf',
        role: 'rolesaudience',
      }
      const named = lines(usual).map((line) => line?.replace(/https:\/\/[ab]\b/g, ''))
      const changes = [
        ['rolesaudience', 'c'],
        ['audience-iss', 'a'],
        ['roles-cnf', 'b'],
      ] as const
      const changed = lines(awkward).map((line) =>
        changes.reduce((text, [from, to]) => text?.replaceAll(from, to), line),
      )
      expect(changed.map((line) => line?.replace(/https:\/\/[ab]\b/g, ''))).toEqual(named)
      expect(lines({ ...usual, audience: 'app' })).not.toContain(undefined)
    },
  )

  it.each(RECIPE_NAMES.filter((name) => !(MARKED_RECIPES as readonly string[]).includes(name)))(
    'of %s are not known, so probe refuses the recipe',
    async (recipe) => {
      const args = ['--audience', AUDIENCE, '--token', 'good', '--recipe', recipe]
      const run = await command.run(['probe', 'https://app.example/', ...args])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain('Expected one of these recipes: nginx, caddy,')
    },
  )

  it('names no line without a recipe', () => {
    expect(refusingLine(values)('expired')).toBeUndefined()
  })
})

describe('the bad tokens', () => {
  it('that are forged need no private key', async () => {
    const issuer = await startTestIssuer({
      host: '127.0.0.1',
      port: 0,
      algorithm: 'RS256',
      audience: 'a',
      role: 'r',
      account: '1',
      region: 'cn-x',
    })
    await issuer.close()
    const publicKey = createPublicKey(issuer.privateKey)
    expect(publicKey.asymmetricKeyType).toBe('rsa')
    // Without the private key, and each of them another one.
    const forged = FORGED_NAMES.map((name) => forgeBadToken(name, issuer.good(), publicKey))
    expect(new Set(forged).size).toBe(20)
    expect(FORGED_NAMES.slice(0, 6)).toEqual([
      'signed by another key',
      'foreign key in the header',
      'alg none',
      'HS256 with the public key',
      'altered after it was signed',
      'no signature',
    ])
  })
})
