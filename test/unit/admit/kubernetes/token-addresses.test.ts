// Which addresses tokens attest, by the users of requests.

import { expect, it } from 'vitest'
import { type CsrObject, readCsrObject } from '../../../../src/admit/kubernetes/csr-object.ts'
import {
  type TokenAddresses,
  createTokenAddresses,
} from '../../../../src/admit/kubernetes/token-addresses.ts'
import { servingCsr } from '../../../support/certificate-requests.ts'

const HOST = 'rollcall.test'
/** When `servingCsr()` says that a request was made. */
const NOW = Date.parse('2026-11-27T12:00:00Z') / 1000

const addresses = (): TokenAddresses =>
  createTokenAddresses({
    issuer: `https://${HOST}:8443`,
    userPrefixes: ['system:node:', 'rollcall:'],
  })

const requestOf = (address: string, spec: object = {}, createdAt?: string): CsrObject => {
  const csr = servingCsr('a', 'request', { extra: { [`${HOST}/addresses`]: [address] }, ...spec })
  const metadata = { ...csr.metadata, ...(createdAt && { creationTimestamp: createdAt }) }
  const read = readCsrObject({ ...csr, metadata })
  if (read === undefined) throw new Error('not a CertificateSigningRequest')
  return read
}

it('keeps each address of a Node for two hours after its request, also if that is gone', () => {
  const known = addresses()
  const later = requestOf('10.0.0.6', { username: 'rollcall:a' }, '2026-11-27T12:30:00Z')
  known.see([requestOf('10.0.0.5'), later], NOW + 1800)
  known.see([later], NOW + 7200)
  expect(known.of('a')).toEqual(['10.0.0.5', '10.0.0.6'])
  expect(known.of('b')).toEqual([])
  known.see([later], NOW + 7201)
  expect(known.of('a')).toEqual(['10.0.0.6'])
  known.see([later], NOW + 9001)
  expect(known.of('a')).toEqual([])
})

it('goes by the latest request, in whichever order they are read', () => {
  const known = addresses()
  known.see([requestOf('10.0.0.5', {}, '2026-11-27T13:00:00Z'), requestOf('10.0.0.5')], NOW + 7201)
  expect(known.of('a')).toEqual(['10.0.0.5'])
})

it('takes nothing from a user without a token of this service, from others, or without a time', () => {
  const known = addresses()
  known.see(
    [
      requestOf('10.0.0.5', { extra: {} }),
      requestOf('10.0.0.5', { extra: { 'other.test/addresses': ['10.0.0.5'] } }),
      requestOf('no address'),
      requestOf('10.0.0.5', { username: 'system:serviceaccount:a' }),
      requestOf('10.0.0.5', {}, 'yesterday'),
    ],
    NOW,
  )
  expect(known.of('a')).toEqual([])
})
