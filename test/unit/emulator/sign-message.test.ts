// RSASSA-PKCS1-v1_5 is deterministic, so the same key, certificate and content give the same message
// as the openssl command does, to the byte.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { type MessageShape, signMessage } from '../../../src/emulator/sign-message.ts'
import {
  type SigningIdentity,
  createSigningIdentity,
  generateSigningKeyPair,
} from '../../../src/emulator/signing-identity.ts'
import { documentText, withAudience } from '../../support/test-cloud.ts'
import { runWithFiles } from '../../support/metadata-tools.ts'
import { requireTool } from '../../support/requirements.ts'

const CONTENT = withAudience(documentText(), 'a-nonce-of-ours')

let signer: SigningIdentity
let keyPem: string

beforeAll(async () => {
  const keys = await generateSigningKeyPair()
  signer = await createSigningIdentity(keys, '6666d187', Math.floor(Date.now() / 1000))
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  keyPem = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----\n`
})

beforeEach((context) => void requireTool(context, 'openssl', 'apt-get install openssl'))

const signWithOpenssl = (options: string): Uint8Array => {
  const args = `smime -sign -binary -outform DER -signer certificate -inkey key -in content ${options}`
  const files = { certificate: signer.certificatePem, key: keyPem, content: CONTENT }
  return runWithFiles('openssl', args.split(' '), files)
}

/** The signing time that openssl put into a message, its last UTCTime: Unix seconds. */
const signingTimeOf = (der: Uint8Array): number => {
  const utcTime = /(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z/g
  const matches = [...Buffer.from(der).toString('latin1').matchAll(utcTime)]
  const [, year, month, day, hours, minutes, seconds] = matches.at(-1) ?? []
  return Date.parse(`20${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`) / 1000
}

describe('signMessage()', () => {
  it.each<[string, string, MessageShape]>([
    ['as ECS does', '-nodetach -nocerts -noattr -md sha1', {}],
    ['with SHA-256', '-nodetach -nocerts -noattr -md sha256', { hash: 'SHA-256' }],
    ['without the content', '-nocerts -noattr -md sha1', { detached: true }],
    ['with the certificate', '-nodetach -noattr -md sha1', { certificate: true }],
  ])('signs %s, like openssl to the byte', async (_, options, shape) => {
    const message = await signMessage(utf8(CONTENT), signer, shape)
    expect(Buffer.from(message).equals(signWithOpenssl(options))).toBe(true)
  })

  it.each<[string, MessageShape]>([
    ['-nodetach -nocerts -md sha1', {}],
    ['-md sha256', { hash: 'SHA-256', detached: true, certificate: true }],
  ])('signs attributes, like openssl %s to the byte', async (options, shape) => {
    const expected = signWithOpenssl(`${options} -nosmimecap`)
    const signingTime = signingTimeOf(expected)
    const message = await signMessage(utf8(CONTENT), signer, { ...shape, signingTime })
    expect(Buffer.from(message).equals(expected)).toBe(true)
  })
})
