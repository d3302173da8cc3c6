// RSA keys inside SubjectPublicKeyInfo: their strength, and every malformed form.

import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readRsaPublicKey } from '../../../src/codec/rsa-public-key.ts'
import {
  type DerNode,
  encodeDer,
  integer,
  nullNode,
  objectIdentifier,
  octets,
  primitive,
  sequence,
} from '../../support/der-tree.ts'
import { refusedAs } from '../../support/refusals.ts'
import { OID, algorithm, sharedTestKeys } from '../../support/test-cloud.ts'

const E = [0x01, 0x00, 0x01]
const bits = (node: DerNode, unused = 0): DerNode =>
  primitive(0x03, Uint8Array.of(unused, ...encodeDer(node)))
const keyOf = (modulus: readonly number[], exponent: readonly number[] = E): DerNode =>
  sequence(integer(...modulus), integer(...exponent))
const spki = (key: DerNode, identifier: DerNode = algorithm(OID.rsaEncryption)): Uint8Array =>
  encodeDer(sequence(identifier, bits(key)))

/** A modulus that begins and ends with these bytes. */
const modulus = (length: number, first: number, last: number): number[] => {
  const bytes = Array.from({ length }, () => 0xaa)
  bytes[length - 1] = last
  bytes[0] = first
  return first >= 0x80 ? [0, ...bytes] : bytes
}

describe('readRsaPublicKey()', () => {
  it.each([
    ['2048 bits', modulus(256, 0x80, 1), 2048],
    ['2047 bits', modulus(256, 0x7f, 1), 2047],
    ['2041 bits', modulus(256, 0x01, 1), 2041],
    ['2049 bits', modulus(257, 0x01, 1), 2049],
    ['4096 bits', modulus(512, 0xff, 1), 4096],
    ['one bit', [1], 1],
  ])('counts %s', (_, bytes, modulusBits) => {
    expect(readRsaPublicKey(spki(keyOf(bytes)))).toMatchObject({ modulusBits })
  })

  it.each([
    [0xff, false],
    [0x01, false],
    [0xfe, true],
    [0x00, true],
  ])('says of a modulus that ends with the byte %i whether it is even: %j', (last, isEven) => {
    const key = readRsaPublicKey(spki(keyOf(modulus(256, 0x80, last))))
    expect(key.modulusIsEven).toBe(isEven)
  })

  it.each([
    ['65537', E, E],
    ['3', [3], [3]],
    ['255, which has a byte for its sign', [0, 0xff], [0xff]],
  ])('gives the exponent %s without leading zero', (_, contents, exponent) => {
    const key = readRsaPublicKey(spki(keyOf(modulus(256, 0x80, 1), contents)))
    expect([...key.publicExponent]).toEqual(exponent)
  })

  it('reads a key that the platform made', async () => {
    const { publicKey } = await sharedTestKeys()
    const exported = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))
    const { publicExponent, ...size } = readRsaPublicKey(exported)
    expect([...publicExponent]).toEqual(E)
    expect(size).toEqual({ modulusBits: 2048, modulusIsEven: false })
  })

  it.each([
    ['of an elliptic curve', () => ecKey()],
    ['of Ed25519', () => edKey()],
    ['for PSS alone', () => spki(keyOf([3]), algorithm('1.2.840.113549.1.1.10', null))],
    ['of RSA with parameters', () => spki(keyOf([3]), algorithm(OID.rsaEncryption, sequence()))],
  ])('refuses a key %s', (_, key) => {
    expect(() => readRsaPublicKey(key())).toThrow(refusedAs('unsupported_algorithm'))
  })

  const good = keyOf(modulus(256, 0x80, 1))
  const rsa = (): DerNode => algorithm(OID.rsaEncryption)
  it.each([
    ['nothing', new Uint8Array()],
    ['bytes behind the key', Uint8Array.of(...spki(good), 0)],
    ['a member more', encodeDer(sequence(rsa(), bits(good), nullNode()))],
    ['bits that are not whole bytes', encodeDer(sequence(rsa(), bits(good, 4)))],
    ['an OCTET STRING for the bits', encodeDer(sequence(rsa(), octets(encodeDer(good))))],
    ['bytes behind the numbers', spki(sequence(integer(3), integer(3), integer(3)))],
    ['no exponent', spki(sequence(integer(3)))],
    ['a negative modulus', spki(keyOf([0x80, 1]))],
    ['a modulus with a zero too many', spki(keyOf([0, 3]))],
    ['a negative exponent', spki(keyOf([3], [0xff]))],
    ['an object identifier for the modulus', spki(sequence(objectIdentifier('1.2'), integer(3)))],
  ])('refuses %s', (_, bytes) => {
    expect(() => readRsaPublicKey(bytes)).toThrow(refusedAs('malformed_der'))
  })
})

function ecKey(): Uint8Array {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
}

function edKey(): Uint8Array {
  const { publicKey } = generateKeyPairSync('ed25519')
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
}
