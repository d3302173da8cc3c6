// Files as editors and shells save them, a byte order mark before the text or UTF-16: each command names it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BYTE_ORDER_MARK, NOT_UTF8 } from '../../../src/base/text.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { createTestCloud, documentText } from '../../support/test-cloud.ts'
import { type RollcallCommand, createCommand } from '../../support/command.ts'

let command: RollcallCommand
beforeAll(async () => {
  command = createCommand()
  const cloud = await createTestCloud()
  const texts = {
    'document.json': documentText(),
    'pkcs7.txt': Buffer.from(cloud.sign(documentText())).toString('base64'),
    'cloud.pem': cloud.certificatePem,
    'policy.json': '{"roles":{}}',
    'token.txt': 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln',
    'living.txt': 'i-bp13znx0m0me8cqabcde\n',
    'key.json': JSON.stringify(await generateSigningKeys('ES256')),
    'instances.yaml': 'instances: []\n',
  }
  for (const [name, text] of Object.entries(texts)) {
    const mark = `\uFEFF${text}`
    writeFileSync(join(command.folder, name), text)
    writeFileSync(join(command.folder, `bom-${name}`), mark)
    writeFileSync(join(command.folder, `utf16-${name}`), Buffer.from(mark, 'utf16le'))
    writeFileSync(join(command.folder, `unmarked-${name}`), Buffer.from(text, 'utf16le'))
  }
})
afterAll(() => command.remove())

const ADMIN = ['--issuer', 'https://rollcall.test', '--key', 'key.json']

const PRUNED = ['--account', '1609123456789012', '--region', 'cn-hangzhou']

/** Every way to name a file; `FILE` stands for the one that is spoiled. */
const CALLS: readonly (readonly [string, string, readonly string[]])[] = [
  ['DOCUMENT', 'document.json', ['verify', 'FILE', 'pkcs7.txt']],
  ['PKCS7', 'pkcs7.txt', ['verify', 'document.json', 'FILE']],
  ['PKCS7', 'pkcs7.txt', ['inspect', 'FILE']],
  [
    '--trust-anchor',
    'cloud.pem',
    ['verify', 'document.json', 'pkcs7.txt', '--trust-anchor', 'FILE'],
  ],
  ['FILE', 'policy.json', ['policy', 'check', 'FILE']],
  ['--rotate', 'key.json', ['keygen', '--rotate', 'FILE']],
  ['--key', 'key.json', ['admin', 'list', '--issuer', 'https://rollcall.test', '--key', 'FILE']],
  ['--token-file', 'token.txt', ['admin', 'introspect', ...ADMIN, '--token-file', 'FILE']],
  ['--living', 'living.txt', ['admin', 'prune', ...ADMIN, '--living', 'FILE', ...PRUNED]],
  ['--describe', 'instances.yaml', ['emulate', '--port', '0', '--describe', 'FILE']],
]

describe.each(CALLS)('%s: %s in `rollcall %j`', (option, file, args) => {
  const run = (name: string) => command.run(args.map((arg) => (arg === 'FILE' ? name : arg)))

  it('is refused with a byte order mark, which is named', async () => {
    const { status, stdout, stderr } = await run(`bom-${file}`)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(`${option}: bom-${file} ${BYTE_ORDER_MARK}`)
  })

  it('is refused in UTF-16, which is named', async () => {
    const { status, stdout, stderr } = await run(`utf16-${file}`)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(`${option}: utf16-${file} ${NOT_UTF8}`)
  })
})

describe('standard input', () => {
  it.each([
    ['FILE', ['policy', 'check', '-'], '{"roles":{}}'],
    ['PKCS7', ['inspect', '-'], 'AAAA'],
    ['DOCUMENT', ['verify', '-', 'pkcs7.txt'], documentText()],
    ['--token-file', ['admin', 'introspect', ...ADMIN], 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln'],
  ])('with a byte order mark is refused as %s of `rollcall %j`', async (option, args, text) => {
    const { status, stderr } = await command.run(args, { stdin: `\uFEFF${text}` })
    expect(status).toBe(2)
    expect(stderr).toContain(`${option}: standard input ${BYTE_ORDER_MARK}`)
  })
})

describe('UTF-16 without a mark', () => {
  it.each([
    ['FILE', ['policy', 'check', 'unmarked-policy.json']],
    ['PKCS7', ['inspect', 'unmarked-pkcs7.txt']],
  ])('is named as what it is for %s', async (option, args) => {
    const { status, stderr } = await command.run(args)
    expect(status).toBe(2)
    expect(stderr).toContain(`${option}: ${args.at(-1)} ${NOT_UTF8}`)
  })
})
