// `rollcall verify`, with evidence in files.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EXPLANATIONS } from '../../../src/cli/verify/explain.ts'
import {
  type TestCloud,
  createTestCloud,
  documentText,
  withAudience,
} from '../../support/test-cloud.ts'
import { type RollcallCommand, type Run, createCommand } from '../../support/command.ts'
import { createTestEmulator } from '../../support/test-emulator.ts'

const AUDIENCE = 'a-nonce-of-mine'
const DOCUMENT = documentText()

let command: RollcallCommand
let cloud: TestCloud
beforeAll(async () => {
  command = createCommand()
  cloud = await createTestCloud()
  const old = await createTestCloud({ notAfter: new Date(Date.now() - 1000) })
  const other = await createTestCloud()
  const signed = cloud.sign(withAudience(DOCUMENT, AUDIENCE))
  const base64 = (der: Uint8Array): string => Buffer.from(der).toString('base64')
  const files: Record<string, string | Uint8Array> = {
    'document.json': DOCUMENT,
    'document-lf.json': `${DOCUMENT}\n`,
    'other.json': documentText({ 'instance-id': 'i-other' }),
    'pkcs7.txt': base64(signed),
    'pkcs7.der': signed,
    'pkcs7.pem': `-----BEGIN PKCS7-----\n${base64(signed)}\n-----END PKCS7-----\n`,
    'space.txt': `${base64(signed).slice(0, 40)} ${base64(signed).slice(41)}`,
    'cut.der': signed.subarray(0, signed.length - 9),
    'forged.txt': base64(other.sign(withAudience(DOCUMENT, AUDIENCE))),
    'detached.der': cloud.sign(withAudience(DOCUMENT, AUDIENCE), { detached: true }),
    'md5.der': cloud.sign(DOCUMENT, { hash: 'md5' }),
    'noise.der': cloud.sign('{"a":1}'),
    'old.der': old.sign(DOCUMENT),
    'cloud.pem': cloud.certificatePem,
    'old.pem': old.certificatePem,
    'empty.txt': '',
    'binary.bin': Uint8Array.of(0xff, 0xfe),
  }
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(command.folder, name), content)
  }
})
afterAll(() => command.remove())

const verify = (args: readonly string[], stdin?: string): Promise<Run> =>
  command.run(
    ['verify', '--trust-anchor', 'cloud.pem', ...args],
    stdin === undefined ? {} : { stdin },
  )

describe('rollcall verify', () => {
  it.each(['pkcs7.txt', 'pkcs7.der', 'pkcs7.pem'])('says who it is, from %s', async (name) => {
    const { status, stdout, stderr } = await verify(['document.json', name, '--audience', AUDIENCE])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^verified: signed by a certificate of cloud.pem, for your audience\n/)
    const fields = JSON.parse(DOCUMENT) as Record<string, string>
    expect(stdout).toMatch(new RegExp(`^instance_id +${fields['instance-id']}$`, 'm'))
    expect(stdout).toMatch(new RegExp(`^owner_account_id +${fields['owner-account-id']}$`, 'm'))
  })

  it('warns that no freshness is checked without --audience', async () => {
    const { status, stderr } = await verify(['document-lf.json', 'pkcs7.txt'])
    expect(status).toBe(0)
    expect(stderr).toContain('warning: without --audience freshness is not checked')
  })

  it('prints one JSON document with --json, whatever comes of it', async () => {
    const good = await verify(['document.json', 'pkcs7.txt', '--json', '--audience', AUDIENCE])
    expect(JSON.parse(good.stdout)).toMatchObject({
      verified: true,
      freshness_checked: true,
      identity: { instance_id: expect.any(String), owner_account_id: expect.any(String) },
      trust_anchor: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(JSON.parse(good.stdout)).toMatchObject({ emulated: false })
    const bad = await verify(['other.json', 'pkcs7.txt', '--json'])
    expect(bad.status).toBe(1)
    expect(JSON.parse(bad.stdout)).toMatchObject({ verified: false, code: 'document_mismatch' })
  })

  it('says that an emulator signed, and not Alibaba Cloud', async () => {
    const { fetch, certificatePem } = await createTestEmulator({ seed: 'verify' })
    const files = { 'emulated.pem': certificatePem, 'real.pem': cloud.certificatePem }
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(command.folder, name), text)
    }
    const base = 'http://100.100.100.200/latest/dynamic/instance-identity'
    for (const item of ['document', 'pkcs7']) {
      const answer = await fetch(new Request(`${base}/${item}`))
      writeFileSync(join(command.folder, `emulated-${item}`), await answer.text())
    }
    const args = ['emulated-document', 'emulated-pkcs7', '--trust-anchor', 'emulated.pem']
    const { status, stdout } = await verify(args)
    expect(status).toBe(0)
    const signer = 'an emulator, whose certificate is in emulated.pem, not by Alibaba Cloud'
    expect(stdout).toContain(`verified: signed by ${signer}\n`)
    const json = await verify([...args, '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ verified: true, emulated: true })
  })

  it('takes either file from standard input', async () => {
    const pkcs7 = Buffer.from(cloud.sign(withAudience(DOCUMENT, AUDIENCE))).toString('base64')
    expect((await verify(['document.json', '-'], pkcs7)).status).toBe(0)
    expect((await verify(['-', 'pkcs7.txt'], DOCUMENT)).status).toBe(0)
  })

  it('trusts Alibaba Cloud’s certificate only, unless --trust-anchor names another', async () => {
    const run = await command.run(['verify', 'document.json', 'pkcs7.txt'])
    expect(run.status).toBe(1)
    expect(run.stdout).toMatch(/^refused: unknown_signer /)
    expect(run.stdout).toContain('--trust-anchor FILE')
  })

  it.each([
    ['malformed_encoding', ['document.json', 'space.txt']],
    ['malformed_der', ['document.json', 'cut.der']],
    ['unsupported_algorithm', ['document.json', 'md5.der']],
    ['signature_invalid', ['document.json', 'forged.txt']],
    ['document_malformed', ['document.json', 'noise.der']],
    ['document_mismatch', ['other.json', 'pkcs7.txt']],
    ['audience_mismatch', ['document.json', 'pkcs7.txt', '--audience', 'another']],
    ['signature_invalid', ['document.json', 'detached.der', '--audience', 'another']],
    ['trust_anchor_not_valid', ['document.json', 'old.der', '--trust-anchor', 'old.pem']],
  ] as const)('explains %s: %j', async (code, args) => {
    const { status, stdout } = await verify(args)
    expect(status).toBe(1)
    const { meaning, remedy } = EXPLANATIONS[code]
    expect(stdout).toMatch(new RegExp(`^refused: ${code} \\(.+\\)\n`))
    expect(stdout).toContain(`means: ${meaning}\nnext: ${remedy}\n`)
  })

  it.each(['', 'not an audience', 'x'.repeat(65)])(
    'ends with 2 for not an audience: expected [A-Za-z0-9_-]{1,64}: %j',
    async (audience) => {
      const args = ['document.json', 'pkcs7.txt', '--audience', audience]
      const { status, stdout, stderr } = await verify(args)
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toContain('--audience: expected 1 to 64 characters')
    },
  )

  it('verifies a detached signature with the audience that it was asked for with', async () => {
    const args = ['document.json', 'detached.der', '--audience', AUDIENCE]
    expect((await verify(args)).status).toBe(0)
  })

  it.each([
    [['-', '-'], 'only one of DOCUMENT and PKCS7'],
    [['no-such', 'pkcs7.txt'], 'DOCUMENT: cannot read no-such (ENOENT)'],
    [['document.json', 'empty.txt'], 'empty.txt is empty'],
    [
      ['pkcs7.txt', 'document.json'],
      'PKCS7: document.json holds JSON, not a signature; DOCUMENT and PKCS7 are swapped',
    ],
    [['pkcs7.der', 'document-lf.json'], 'DOCUMENT and PKCS7 are swapped'],
    [['pkcs7.pem', 'document.json', '--json'], 'DOCUMENT and PKCS7 are swapped'],
    [
      ['document.json', 'other.json'],
      'PKCS7: other.json holds JSON, not a signature; save the answer of .../instance-identity/pkcs7',
    ],
    [['document.json', 'binary.bin'], 'binary.bin is not UTF-8; save it as UTF-8'],
    [
      ['document.json', 'pkcs7.txt', '--trust-anchor', 'document.json'],
      'expected PEM certificates',
    ],
    [['document.json'], "missing required argument 'PKCS7'"],
  ])('refuses %j with exit status 2', async (args, message) => {
    const { status, stdout, stderr } = await verify(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})
