// The second producer of evidence, and a witness: the openssl command.

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The name of the real certificate. openssl wants a country of two letters unless told otherwise. */
const CONFIGURATION = `
openssl_conf = modules
[modules]
stbl_section = strings
[strings]
countryName = min:1,max:64
[req]
prompt = no
distinguished_name = name
string_mask = default
[name]
countryName = Unknown
stateOrProvinceName = Unknown
localityName = Unknown
organizationName = Unknown
organizationalUnitName = Unknown
commonName = Unknown
`

/** The shape of ECS, as its documentation's sample has it. */
export const ECS_SHAPE = ['-nodetach', '-nocerts', '-noattr', '-md', 'sha1', '-binary'] as const

/** A key and a certificate made by openssl. */
export interface OpensslCloud {
  readonly certificatePem: string
  readonly certificateFile: string
  /** Signs a content, by default in the exact shape of ECS. @returns DER */
  sign(content: string | Uint8Array, args?: readonly string[]): Promise<Uint8Array>
  close(): void
}

/** Makes a cloud out of the openssl command. */
export const createOpensslCloud = async (): Promise<OpensslCloud> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-openssl-'))
  const file = (name: string): string => join(folder, name)
  writeFileSync(file('name.cnf'), CONFIGURATION)
  const files = ['-keyout', file('key.pem'), '-out', file('certificate.pem')]
  const request = ['-config', file('name.cnf'), '-set_serial', '0x5A66D187', '-days', '30']
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...request, ...files])
  let contents = 0
  return {
    certificatePem: readFileSync(file('certificate.pem'), 'utf8'),
    certificateFile: file('certificate.pem'),
    async sign(content, args = ECS_SHAPE) {
      const input = file(`content-${contents++}`)
      writeFileSync(input, content)
      const signer = ['-signer', file('certificate.pem'), '-inkey', file('key.pem')]
      const { stdout } = await run(
        'openssl',
        ['smime', '-sign', ...args, ...signer, '-in', input, '-outform', 'DER'],
        { encoding: 'buffer' },
      )
      return new Uint8Array(stdout)
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Whether openssl, told to use one certificate and none that the message carries, verifies a message. */
export const opensslVerifies = async (
  messageFile: string,
  certificateFile: string,
  contentFile?: string,
): Promise<boolean> => {
  const args = ['smime', '-verify', '-inform', 'DER', '-in', messageFile]
  const trust = ['-certfile', certificateFile, '-nointern', '-noverify', '-out', '/dev/null']
  const content = contentFile === undefined ? [] : ['-content', contentFile]
  return run('openssl', [...args, ...trust, ...content]).then(
    () => true,
    () => false,
  )
}
