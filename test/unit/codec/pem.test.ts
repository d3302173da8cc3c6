// The text forms of a message and of certificates: each that people post or write, and what only looks like one.

import { describe, expect, it } from 'vitest'
import { decodeCertificates, decodePkcs7 } from '../../../src/codec/pem.ts'
import { refusedAs } from '../../support/refusals.ts'

const BYTES = Uint8Array.from({ length: 200 }, (_, i) => i)
const BARE = Buffer.from(BYTES).toString('base64')
const wrap = (width: number, end: string): string =>
  (BARE.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(end)
const pem = (label: string, end = '\n', lines = wrap(64, end)): string =>
  `-----BEGIN ${label}-----${end}${lines}${end}-----END ${label}-----${end}`

describe('decodePkcs7()', () => {
  it.each([
    ['bare', BARE],
    ['bare with a line end', `${BARE}\n`],
    ['wrapped at 64', wrap(64, '\n')],
    ['wrapped at 76 with CRLF', `${wrap(76, '\r\n')}\r\n`],
    ['PKCS7', pem('PKCS7')],
    ['CMS', pem('CMS')],
    ['CERTIFICATE', pem('CERTIFICATE')],
    ['PKCS7 with CRLF', pem('PKCS7', '\r\n')],
    ['PKCS7 on one line', pem('PKCS7', '\n', BARE)],
    ['PKCS7 without a line end after it', pem('PKCS7').trimEnd()],
  ])('reads a message that is %s', (_, text) => {
    expect(decodePkcs7(text)).toEqual(BYTES)
  })

  it.each([
    ['nothing', ''],
    ['a space in it', `${BARE.slice(0, 10)} ${BARE.slice(10)}`],
    ['a space before it', ` ${BARE}`],
    ['a tab in it', `${BARE.slice(0, 8)}\t${BARE.slice(8)}`],
    ['a carriage return alone', `${BARE.slice(0, 8)}\r${BARE.slice(8)}`],
    ['no padding', BARE.replaceAll('=', '')],
    ['the alphabet for URLs', BARE.replaceAll('+', '-').replaceAll('/', '_')],
    ['left-over bits', `${BARE.slice(0, -2)}9=`],
    ['another label', pem('PRIVATE KEY')],
    ['two labels', pem('PKCS7').replace('END PKCS7', 'END CMS')],
    ['text before the lines', `x\n${pem('PKCS7')}`],
    ['text after the lines', `${pem('PKCS7')}x`],
    ['two messages', pem('PKCS7') + pem('PKCS7')],
    ['headers', pem('PKCS7', '\n', `Proc-Type: 4\n\n${BARE}`)],
    ['no end', `-----BEGIN PKCS7-----\n${BARE}\n`],
    ['more than 16,384 characters', 'A'.repeat(16_388)],
  ])('refuses a text with %s', (_, text) => {
    const refusal = expect.objectContaining({ code: 'malformed_encoding' })
    expect(() => decodePkcs7(text)).toThrow(refusal)
  })
})

describe('the offset of a refusal', () => {
  it.each([
    ['a space, which was a +', 'AAAA\nAA AA', 7],
    ['a character behind line ends', 'AAAA\r\nAA-A', 8],
    ['padding in the middle', 'AA==AAAA', 2],
    ['missing padding', 'AAAAA', 4],
    ['bits that are left over', 'AAB=', 3],
    ['nothing', '', 0],
    ['a label that is not known', '-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n', 0],
    ['text inside PEM lines', '-----BEGIN CMS-----\nAA AA\n-----END CMS-----\n', 22],
    ['missing padding inside PEM lines', '-----BEGIN CMS-----\nAAA\n-----END CMS-----\n', 23],
    ['a text that is too long', 'A'.repeat(16_388), 16_384],
  ])('is the character of %s', (_, text, offset) => {
    expect(() => decodePkcs7(text)).toThrow(
      expect.objectContaining({ code: 'malformed_encoding', offset }),
    )
  })

  it('counts in the whole file of certificates', () => {
    const good = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    expect(() => decodeCertificates(`${good}${good.replace('AAAA', 'AAA')}`)).toThrow(
      expect.objectContaining({ code: 'malformed_encoding', offset: good.length + 31 }),
    )
  })
})

describe('decodePkcs7() at its limit', () => {
  it.each([
    ['16,384 characters', 16_384, undefined],
    ['16,385 characters', 16_385, 'the message is too long'],
  ])('of %s', (_, length, message) => {
    const text = 'A'.repeat(16_384).padEnd(length, '\n')
    if (message === undefined) expect(decodePkcs7(text)).toHaveLength(12_288)
    else expect(() => decodePkcs7(text)).toThrow(refusedAs('malformed_encoding', message))
  })
})

describe('decodeCertificates()', () => {
  const one = pem('CERTIFICATE')

  it.each([
    ['one', one, 1],
    ['one with CRLF', pem('CERTIFICATE', '\r\n'), 1],
    ['one on a line', pem('CERTIFICATE', '\n', BARE), 1],
    ['two', one + one, 2],
    ['two with comments around them', `# a\r\n${one}\nsubject=/CN=b\n${one}# end`, 2],
  ])('reads %s', (_, text, count) => {
    expect(decodeCertificates(text)).toEqual(Array.from({ length: count }, () => BYTES))
  })

  it.each([
    ['no text', '', 'no PEM certificate'],
    ['base64 without PEM lines', BARE, 'no PEM certificate'],
    ['a private key', pem('PRIVATE KEY'), 'PEM lines that are not of a certificate'],
    [
      'a certificate and a private key',
      one + pem('PRIVATE KEY'),
      'PEM lines that are not of a certificate',
    ],
    [
      'a trusted certificate of openssl',
      pem('TRUSTED CERTIFICATE'),
      'PEM lines that are not of a certificate',
    ],
    [
      'a certificate without an end',
      one.split('-----END')[0] ?? '',
      'PEM lines that are not of a certificate',
    ],
    [
      'a certificate inside of another',
      one.replace('\n', `\n${one}`),
      'PEM lines that are not of a certificate',
    ],
    [
      'white space in the base64',
      one.replace(BARE.slice(0, 8), `${BARE.slice(0, 4)} ${BARE.slice(4, 8)}`),
      'PEM lines that are not of a certificate',
    ],
    ['base64 of no length', pem('CERTIFICATE', '\n', '\n'), 'not base64'],
    ['base64 without padding', one.replaceAll('=', ''), 'not base64'],
    ['one good and one with left-over bits', one + pem('CERTIFICATE', '\n', 'AB=='), 'not base64'],
  ])('refuses %s', (_, text, message) => {
    expect(() => decodeCertificates(text)).toThrow(refusedAs('malformed_encoding', message))
  })
})
