// The text forms of a message: each that clients post, and what only looks like one.

import { describe, expect, it } from 'vitest'
import { decodeCertificates, decodePkcs7 } from '../../../src/codec/pem.ts'

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
