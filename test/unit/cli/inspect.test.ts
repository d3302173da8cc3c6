// `rollcall inspect`: what is in a message, and where it can't be read.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type TestCloud,
  createTestCloud,
  documentText,
  withAudience,
} from '../../support/test-cloud.ts'
import { type RollcallCommand, type Run, createCommand } from '../../support/command.ts'
import { createTestEmulator } from '../../support/test-emulator.ts'

const CONTENT = withAudience(documentText(), 'a-nonce')

let command: RollcallCommand
let cloud: TestCloud
let der: Uint8Array
beforeAll(async () => {
  command = createCommand()
  cloud = await createTestCloud()
  der = cloud.sign(CONTENT)
})
afterAll(() => command.remove())

const inspect = (content: Uint8Array | string, ...args: string[]): Promise<Run> => {
  writeFileSync(join(command.folder, 'message'), content)
  return command.run(['inspect', 'message', ...args])
}

describe('rollcall inspect', () => {
  it('shows what ECS sends: document, digest, signer, and that nothing was verified', async () => {
    const { status, stdout } = await inspect(Buffer.from(der).toString('base64'))
    expect(status).toBe(0)
    expect(stdout).toMatch(/^PKCS#7 SignedData, \d+ bytes, base64\n/)
    for (const [name, value] of Object.entries(JSON.parse(String(CONTENT)) as object)) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} +${String(value)}$`, 'm'))
    }
    expect(stdout).toMatch(/^digest algorithms +SHA-1$/m)
    expect(stdout).toMatch(/^signer +serial 0x6666d188, issuer C=Unknown, ST=Unknown/m)
    expect(stdout).toMatch(/^ {2}signature +RSA, 256 bytes$/m)
    expect(stdout).toMatch(/^certificates +none$/m)
    expect(stdout).toContain('signature: not checked;')
  })

  it('shows certificates, attributes and detached content', async () => {
    const shape = { certificate: true, signedAttributes: true, detached: true } as const
    const { status, stdout } = await inspect(cloud.sign(CONTENT, shape))
    expect(status).toBe(0)
    expect(stdout).toMatch(/^certificate +serial 0x6666d188, subject C=Unknown.*never trusted/m)
    expect(stdout).toMatch(/^ {2}valid +\d{4}-\d\d-\d\dT\S+Z to \d{4}-/m)
    expect(stdout).toMatch(/^ {2}signed attribute +contentType id-data$/m)
    expect(stdout).toMatch(/^ {2}signed attribute +messageDigest [0-9a-f]{40}$/m)
    expect(stdout).toMatch(/^content +detached \(id-data\)/m)
  })

  it('names the emulator whose certificate is in the message', async () => {
    const { fetch } = await createTestEmulator({ seed: 'inspect', faults: ['certificate'] })
    const url = 'http://100.100.100.200/latest/dynamic/instance-identity/pkcs7'
    const message = Buffer.from(await (await fetch(new Request(url))).text(), 'base64')
    const { stdout } = await inspect(message)
    expect(stdout).toMatch(/^ {2}emulator +this certificate was made by the rollcall emulator$/m)
    const json = JSON.parse((await inspect(message, '--json')).stdout) as object
    expect(json).toMatchObject({ certificates: [{ emulated: true }] })
    const other = await inspect(cloud.sign(CONTENT, { certificate: true }))
    expect(other.stdout).not.toContain('emulator')
  })

  it('shows a message with a bad signature, or of an algorithm that nothing accepts', async () => {
    const bad = Uint8Array.from(der)
    bad[bad.length - 1] = (bad.at(-1) as number) ^ 1
    expect(await inspect(bad)).toMatchObject({ status: 0 })
    const { status, stdout } = await inspect(cloud.sign(CONTENT, { hash: 'md5' }))
    expect(status).toBe(0)
    expect(stdout).toMatch(/^digest algorithms +MD5$/m)
  })

  it('says where a message that was cut off ends, and shows what stands before', async () => {
    const { status, stdout } = await inspect(der.subarray(0, 420))
    expect(status).toBe(1)
    expect(stdout).toMatch(/^ {2}instance-id +i-/m)
    expect(stdout).toContain(
      `cut off: the message should have ${der.length} bytes, 420 are there\n` +
        'structure: refused, malformed_der (length beyond the end)\n  at byte 1: 30 [82] 03',
    )
  })

  it('says which character is not base64', async () => {
    const text = Buffer.from(der)
      .toString('base64')
      .replaceAll(/(.{76})/g, '$1\n')
    const { status, stdout } = await inspect(`${text.slice(0, 80)} ${text.slice(81)}`)
    expect(status).toBe(1)
    expect(stdout).toContain(
      'structure: refused, malformed_encoding (not base64)\n' +
        '  at line 2, column 4: " ", perhaps a + that was not URL-encoded\n',
    )
    expect(stdout).toMatch(/^digest algorithms +SHA-1$/m)
  })

  it('says what it is not, and still shows its elements', async () => {
    const { status, stdout } = await inspect(cloud.certificateDer)
    expect(status).toBe(1)
    expect(stdout).toMatch(/^no PKCS#7 SignedData, \d+ bytes, DER\n {4}0 {2}SEQUENCE \(\d+\)\n/)
    expect(stdout).toContain('PrintableString (7)  Unknown')
  })

  it('prints the elements with --tree, and one JSON document with --json', async () => {
    const { stdout } = await inspect(der, '--tree')
    expect(stdout).toMatch(/^ {4}4 {4}OBJECT IDENTIFIER \(9\) {2}SignedData$/m)
    const printed = JSON.parse((await inspect(der, '--json')).stdout) as object
    expect(printed).toMatchObject({
      form: 'DER',
      missing_bytes: 0,
      structure_accepted: true,
      fields: JSON.parse(String(CONTENT)) as object,
      signers: [{ serial: '0x6666d188', digest_algorithm: 'SHA-1', signature_bytes: 256 }],
    })
    const refused = JSON.parse((await inspect(der.subarray(0, 420), '--json')).stdout) as object
    expect(refused).toMatchObject({
      missing_bytes: der.length - 420,
      structure_accepted: false,
      refusal: { code: 'malformed_der', offset: 1, place: 'byte 1' },
    })
  })

  it('lets nothing of a message move the cursor', async () => {
    const { stdout } = await inspect(cloud.sign('{"a":"\\u001b[2J","b":"\u009b2J"}'))
    // eslint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/[\u001b\u009b]/)
    expect(stdout).toContain('\\u001b[2J')
  })
})
