// The script that makes the secret of a proxy, run as `rollcall recipe` prints it.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { TypedOptions } from '../../../src/cli/recipe/fill.ts'
import { parseProxies } from '../../../src/config/proxies.ts'
import { recipeFile } from '../../generate/recipes.ts'
import { HOSTILE } from '../../support/hostile-audiences.ts'
import { requireTool } from '../../support/requirements.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'rollcall-recipe-secret-'))
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach((context) => void requireTool(context, 'openssl', 'apt-get install openssl'))

const AUDIENCE = 'https://door.test'
const typedWith = (audience = AUDIENCE): TypedOptions => ({
  issuer: 'https://localhost',
  audience,
  role: ['node-role'],
  host: 'door.test',
})

describe('the script that makes the secret of a proxy', () => {
  /** Runs the script of a recipe, in a folder of its own unless it has one. */
  const makeSecret = async (name: string, typed: TypedOptions, place: string, env = {}) => {
    const secretFile = join(place, 'secret')
    const script = recipeFile(name, { ...typed, secretFile }, 'sh')
    const file = join(place, 'make.sh')
    writeFileSync(file, script)
    const made = await run('sh', [file], { cwd: place, env: { ...process.env, ...env } })
      .then((output) => ({ ...output, code: 0 }))
      .catch((error: unknown) => error as { stdout: string; stderr: string; code: number })
    return { ...made, secretFile }
  }
  const newPlace = (): string => mkdtempSync(join(folder, 'secret-'))

  it.each(['nginx', 'caddy', 'traefik', 'envoy'])(
    'of %s writes the secret for its user alone, and prints an object that the service accepts',
    async (name) => {
      for (const audience of [AUDIENCE, ...HOSTILE]) {
        const typed = typedWith(audience)
        const { stdout, stderr, secretFile } = await makeSecret(name, typed, newPlace())
        expect(stderr).toBe('')
        const [secret = ''] = /[0-9a-f]{64}/.exec(readFileSync(secretFile, 'utf8')) ?? []
        expect(statSync(secretFile).mode & 0o777).toBe(0o600)
        expect(stdout).not.toContain(secret)
        const parsed = parseProxies(`[${stdout}]`)
        expect(parsed).toMatchObject({
          value: [
            {
              name: 'door',
              origin: 'https://door.test',
              secretSha256: createHash('sha256').update(secret).digest('hex'),
              audiences: [audience],
            },
          ],
        })
      }
    },
  )

  it('prints objects that stand in one array, if each proxy has a name of its own', async () => {
    const nginx = await makeSecret('nginx', typedWith(), newPlace())
    const same = await makeSecret('caddy', typedWith(), newPlace())
    expect(parseProxies(`[${nginx.stdout},${same.stdout}]`)).toEqual({
      ok: false,
      refusal: ['1.name: another proxy has this name'],
    })
    const typed = { ...typedWith(), name: 'door-caddy', listen: '8443' }
    const other = await makeSecret('caddy', typed, newPlace())
    expect(parseProxies(`[${nginx.stdout},${other.stdout}]`)).toMatchObject({
      value: [
        { name: 'door', origin: 'https://door.test' },
        { name: 'door-caddy', origin: 'https://door.test:8443' },
      ],
    })
  })

  it('changes no file that exists: neither the secret of a running proxy nor a link', async () => {
    const place = newPlace()
    const first = await makeSecret('nginx', typedWith(), place)
    const secret = readFileSync(first.secretFile, 'utf8')
    chmodSync(first.secretFile, 0o644)
    const again = await makeSecret('nginx', typedWith(), place)
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toBe(
      `${first.secretFile} exists, and may hold the secret of a running proxy. Move it away, and run this again.\n`,
    )
    expect(readFileSync(first.secretFile, 'utf8')).toBe(secret)
    const linked = newPlace()
    symlinkSync(join(linked, 'nowhere'), join(linked, 'secret'))
    expect(await makeSecret('nginx', typedWith(), linked)).toMatchObject({ code: 1 })
    expect(existsSync(join(linked, 'nowhere'))).toBe(false)
  })

  it.each(['openssl', 'sha256sum'])('leaves no file if %s fails', async (broken) => {
    const place = newPlace()
    const bin = join(place, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, broken), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    const path = { PATH: `${bin}:${process.env['PATH']}` }
    const made = await makeSecret('nginx', typedWith(), place, path)
    expect(made).toMatchObject({ code: 1, stdout: '' })
    expect(existsSync(made.secretFile)).toBe(false)
  })
})
