// Which addresses tokens attest, by the users of requests.

import { expect, it } from 'vitest'
import { readCsrObject } from '../../../../src/admit/kubernetes/csr-object.ts'
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

const see = (to: TokenAddresses, address: string, spec: object = {}, createdAt?: string): void => {
  const csr = servingCsr('a', 'request', { extra: { [`${HOST}/addresses`]: [address] }, ...spec })
  const metadata = { ...csr.metadata, ...(createdAt && { creationTimestamp: createdAt }) }
  const read = readCsrObject({ ...csr, metadata })
  if (read === undefined) throw new Error('not a CertificateSigningRequest')
  to.see(read)
}

it('keeps each address of a Node for two hours after its request', () => {
  const known = addresses()
  see(known, '10.0.0.5')
  see(known, '10.0.0.6', { username: 'rollcall:a' }, '2026-11-27T12:30:00Z')
  expect(known.of('a', NOW + 7200)).toEqual(['10.0.0.5', '10.0.0.6'])
  expect(known.of('b', NOW)).toEqual([])
  expect(known.of('a', NOW + 7201)).toEqual(['10.0.0.6'])
  expect(known.of('a', NOW + 9001)).toEqual([])
})

it('goes by the latest request, in whichever order they are read', () => {
  const known = addresses()
  see(known, '10.0.0.5', {}, '2026-11-27T13:00:00Z')
  see(known, '10.0.0.5')
  expect(known.of('a', NOW + 7201)).toEqual(['10.0.0.5'])
})

it('takes nothing from a user without a token of this service, from others, or without a time', () => {
  const known = addresses()
  see(known, '10.0.0.5', { extra: {} })
  see(known, '10.0.0.5', { extra: { 'other.test/addresses': ['10.0.0.5'] } })
  see(known, 'no address')
  see(known, '10.0.0.5', { username: 'system:serviceaccount:a' })
  see(known, '10.0.0.5', {}, 'yesterday')
  expect(known.of('a', NOW)).toEqual([])
})
