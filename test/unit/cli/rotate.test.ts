// `rollcall keygen --rotate`: three steps, in one order, each not before its time.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { changeSecret } from '../../../src/cli/secret-file.ts'
import { refuse } from '../../../src/base/result.ts'
import { type RotatedKey, planRotation, rotated } from '../../../src/token/rotation.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { type RollcallCommand, type Run, createCommand } from '../../support/command.ts'

let command: RollcallCommand
let file: string
beforeAll(async () => {
  command = createCommand()
  file = join(command.folder, 'keys.json')
  writeFileSync(join(command.folder, 'package.json'), '{"name":"other"}')
})
beforeEach(async () => {
  writeFileSync(file, JSON.stringify(await generateSigningKeys('ES256')))
  chmodSync(file, 0o640)
})
afterAll(() => command.remove())

const rotate = (...args: string[]): Promise<Run> =>
  command.run(['keygen', '--rotate', 'keys.json', ...args])
const keys = (): RotatedKey[] =>
  (JSON.parse(readFileSync(file, 'utf8')) as { keys: RotatedKey[] }).keys
const kids = (): (string | undefined)[] => keys().map(({ kid }) => kid)

/** Makes all marks older. */
const age = (seconds: number): void => {
  const older = keys().map(({ rotation, ...key }) => ({
    ...key,
    ...(rotation && { rotation: { ...rotation, since: rotation.since - seconds } }),
  }))
  writeFileSync(file, JSON.stringify({ keys: older }))
}

/** Checks that a run was refused and left the file as it was. */
const expectRefused = async (run: () => Promise<Run>, message: string): Promise<void> => {
  const before = readFileSync(file, 'utf8')
  const { status, stdout, stderr } = await run()
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain(message)
  expect(readFileSync(file, 'utf8')).toBe(before)
  expect(existsSync(`${file}.new`)).toBe(false)
}

describe('rollcall keygen --rotate', () => {
  it.each(['name', 'scope', 'audiences', 'instance_id'])(
    'refuses a key that is not of a service: it has "%s"',
    async (member) => {
      const [key] = keys()
      writeFileSync(file, JSON.stringify({ keys: [{ ...key, [member]: 'x' }] }))
      await expectRefused(
        rotate,
        `keys.json is the key of an operator, a relying party or an instance (it has "${member}")`,
      )
    },
  )

  it('reads no folder, device or pipe, and puts no file beside a wrong one', async () => {
    const folder = join(command.folder, 'wrong')
    mkdirSync(folder)
    execFileSync('mkfifo', [join(folder, 'pipe')])
    for (const path of [folder, '/dev/zero', join(folder, 'pipe')]) {
      const run = await command.run(['keygen', '--rotate', path])
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain(`--rotate: ${path} is a folder, a device or a pipe`)
    }
    writeFileSync(join(folder, 'notes.txt'), 'a note')
    writeFileSync(join(folder, 'notes.txt.new'), 'of somebody else')
    const run = await command.run(['keygen', '--rotate', join(folder, 'notes.txt')])
    expect(run.stderr).toContain('notes.txt is not a private JWKS')
    expect(readFileSync(join(folder, 'notes.txt.new'), 'utf8')).toBe('of somebody else')
  })

  it('leaves a file that another program has changed meanwhile', async () => {
    const text = readFileSync(file, 'utf8')
    const change = async (): Promise<string> => {
      writeFileSync(file, `${text}\n`)
      return 'new'
    }
    await expect(changeSecret(file, change)).rejects.toThrow(
      `${file} was changed meanwhile; it was left as it is, so run this again`,
    )
    expect(readFileSync(file, 'utf8')).toBe(`${text}\n`)
    expect(existsSync(`${file}.new`)).toBe(false)
  })

  it('stages a key, promotes it, and removes the old one; the service takes the file each time', async () => {
    const [old] = kids()
    const staged = await rotate()
    expect(staged.status).toBe(0)
    expect(staged.stdout).toMatch(/^staged: a new key \S+ was added after/)
    expect(staged.stdout).toContain('next: give the file to every instance of the service now')
    expect(staged.stdout).toMatch(
      /^then: wait 10 minutes from the last restart, and run this again to promote \(not before \S+Z\)$/m,
    )
    const [first, made] = kids()
    expect(first).toBe(old)
    expect((await parseSigningKeys(readFileSync(file, 'utf8'))).signer.kid).toBe(old)

    await expectRefused(rotate, 'too early to promote')
    age(601)
    expect((await rotate()).stdout).toMatch(/^promoted: \S+ signs now/)
    expect(kids()).toEqual([made, old])
    const loaded = await parseSigningKeys(readFileSync(file, 'utf8'))
    expect(loaded.signer.kid).toBe(made)
    // The old key still checks the challenges that it made.
    expect(loaded.secrets).toHaveLength(2)

    await expectRefused(rotate, 'too early to remove')
    age(4201)
    expect((await rotate()).stdout).toMatch(new RegExp(`^removed: the old key ${String(old)}\n`))
    expect(kids()).toEqual([made])
    expect(keys()[0]).not.toHaveProperty('rotation')
  })

  it('keeps the mode of the file, and a link that leads to it', async () => {
    const link = join(command.folder, 'link.json')
    symlinkSync(file, link)
    expect((await command.run(['keygen', '--rotate', 'link.json'])).status).toBe(0)
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(kids()).toHaveLength(2)
  })

  it('publishes nothing of its marks and nothing private', async () => {
    await rotate()
    const { jwks } = await parseSigningKeys(readFileSync(file, 'utf8'))
    for (const key of jwks.keys) {
      expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    }
  })

  it('takes the algorithm of the key that signs, or the one of --algorithm', async () => {
    writeFileSync(file, JSON.stringify(await generateSigningKeys('RS256')))
    await rotate()
    expect(keys().map(({ alg }) => alg)).toEqual(['RS256', 'RS256'])
    age(601)
    await rotate()
    age(4201)
    await rotate()
    await rotate('--algorithm', 'ES256')
    expect(keys().map(({ alg }) => alg)).toEqual(['RS256', 'ES256'])
  })

  it('takes no other step than --step names', async () => {
    await expectRefused(() => rotate('--step', 'promote'), 'the next step is to stage')
    expect((await rotate('--step', 'stage')).status).toBe(0)
    // Run twice by mistake, as a timer may: no second key, and none promoted.
    age(601)
    await expectRefused(() => rotate('--step', 'stage'), 'the next step is to promote')
  })

  it('takes a step early only with --early, and warns', async () => {
    await rotate()
    const { status, stdout, stderr } = await rotate('--early')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^promoted/)
    expect(stderr).toMatch(/warning: taken early \(not before .*a relying party rejects tokens/)
  })

  it('prints one JSON document with --json', async () => {
    const printed = JSON.parse((await rotate('--json')).stdout) as { kid: string }
    const [old, made] = kids()
    expect(printed).toMatchObject({
      step: 'stage',
      kid: made,
      keys: [
        { kid: old, alg: 'ES256', state: 'signing' },
        { kid: made, alg: 'ES256', state: 'staged' },
      ],
      next: { step: 'promote', not_before: expect.any(Number) },
    })
  })

  it('asks what a key without a mark is, and takes the answer', async () => {
    const two = [...keys(), ...(await generateSigningKeys('ES256')).keys]
    writeFileSync(file, JSON.stringify({ keys: two }))
    await expectRefused(rotate, 'so its age is unknown; say what to do with --step')
    expect((await rotate('--step', 'promote')).status).toBe(0)
    expect(kids()).toEqual([two[1]?.kid, two[0]?.kid])
  })

  it('promotes no key that is public only', async () => {
    const { d: _, ...published } = (await generateSigningKeys('ES256')).keys[0] as RotatedKey
    writeFileSync(file, JSON.stringify({ keys: [...keys(), published] }))
    await expectRefused(() => rotate('--step', 'promote'), 'the first key signs, so it must be')
  })

  it('does not run twice at once, and says how to go on after one that was broken off', async () => {
    writeFileSync(`${file}.new`, '')
    const { status, stderr } = await rotate()
    expect(status).toBe(2)
    expect(stderr).toContain('keys.json.new exists: another process')
    expect(kids()).toHaveLength(1)
    const { rmSync } = await import('node:fs')
    rmSync(`${file}.new`)
  })

  it.each([
    [['--rotate', 'no-such.json'], 'cannot read no-such.json (ENOENT)'],
    [['--rotate', 'package.json'], 'package.json is not a private JWKS'],
    [['--rotate', 'keys.json', '--out', 'x'], 'remove --out and --dev-vars'],
    [['--early'], '--step and --early need --rotate'],
    [['--rotate', 'keys.json', '--step', 'sign'], 'Allowed choices are stage, promote, remove'],
  ])('refuses %j with exit status 2', async (args, message) => {
    await expectRefused(() => command.run(['keygen', ...args]), message)
  })

  it('never prints a private key', async () => {
    const runs = [await rotate(), await rotate('--early', '--json'), await rotate('--early')]
    const secrets = keys().map(({ d }) => d as string)
    for (const { stdout, stderr } of runs) {
      for (const secret of secrets) expect(stdout + stderr).not.toContain(secret)
    }
  })
})

describe('planRotation()', () => {
  const key = (kid: string, rotation?: RotatedKey['rotation']): RotatedKey =>
    rotation === undefined ? { kid } : { kid, rotation }

  it('refuses a set whose first key is marked: its order was changed by hand', () => {
    const marked = key('b', { state: 'staged', since: 1 })
    expect(planRotation([marked, key('a')])).toEqual(
      refuse(expect.stringContaining('Restore the order of the keys')),
    )
  })

  it('refuses marks that it does not know', () => {
    const odd = { kid: 'b', rotation: { state: 'odd', since: 1 } } as unknown as RotatedKey
    expect(planRotation([key('a'), odd])).toEqual(refuse(expect.stringContaining('--step')))
  })

  it('promotes before it removes where both could be done, and loses no key', () => {
    const keys = [
      key('a'),
      key('old', { state: 'retired', since: 1 }),
      key('new', { state: 'staged', since: 2 }),
    ]
    const planned = planRotation(keys)
    if (!planned.ok) throw new Error(planned.refusal)
    const plan = planned.value
    expect(plan).toMatchObject({ step: 'promote', notBefore: 602 })
    const after = rotated(keys, plan, key('unused'), 1000)
    expect(after.map(({ kid }) => kid)).toEqual(['new', 'a', 'old'])
  })
})
