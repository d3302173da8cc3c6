// Which relying party calls: each reason to refuse its assertion, and that an assertion is used up once it was verified.

import { beforeAll, describe, expect, it } from 'vitest'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import { accept, refuse } from '../../../src/base/result.ts'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import {
  type ClientCredentials,
  type ClientRefusal,
  authenticateClient,
} from '../../../src/operate/authenticate-client.ts'
import {
  type RelyingPartyKey,
  parseRelyingPartyKeys,
} from '../../../src/token/relying-party-keys.ts'
import { type TestKey, compactJws, makeKey, signer } from '../../cases/state/independent-jws.ts'

type Members = Readonly<Record<string, unknown>>

const ISSUER = 'https://rollcall.example'
const NOW = 1_800_000_000
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

let gateway: TestKey
let second: TestKey
let mesh: TestKey
let relyingPartyKeys: readonly RelyingPartyKey[]
beforeAll(async () => {
  ;[gateway, second, mesh] = [
    await makeKey('EdDSA'),
    await makeKey('EdDSA'),
    await makeKey('EdDSA'),
  ]
  relyingPartyKeys = await parseRelyingPartyKeys({
    keys: [
      { ...gateway.jwk, name: 'gateway', audiences: ['a', 'b'] },
      { ...second.jwk, name: 'gateway', audiences: ['a'] },
      { ...mesh.jwk, name: 'mesh', audiences: ['m'] },
    ],
  })
})

const assertionBy = (key: TestKey, changes: Members = {}, name = 'gateway'): string =>
  compactJws(
    { alg: 'EdDSA', kid: key.thumbprint },
    { iss: name, sub: name, aud: ISSUER, jti: 'j', iat: NOW, exp: NOW + 60, ...changes },
    signer(key.privateKey),
  )

const authenticate = (
  assertion: string,
  {
    ledger = createMemoryLedger(0),
    now = NOW,
    ...more
  }: Members & {
    readonly ledger?: Ledger
    readonly now?: number
  } = {},
) => {
  const credentials = { client_assertion_type: TYPE, client_assertion: assertion, ...more }
  const options = { issuer: ISSUER, ledger, relyingPartyKeys }
  return authenticateClient(options, credentials as ClientCredentials, now)
}

describe('authenticateClient()', () => {
  it('gives the name, the key and the audiences of the key that signed', async () => {
    expect(await authenticate(assertionBy(gateway))).toEqual(
      accept({ name: 'gateway', kid: gateway.thumbprint, audiences: ['a', 'b'] }),
    )
    expect(await authenticate(assertionBy(second))).toEqual(
      accept({ name: 'gateway', kid: second.thumbprint, audiences: ['a'] }),
    )
  })

  it('takes a client_id that is the name', async () => {
    const known = await authenticate(assertionBy(gateway), { client_id: 'gateway' })
    expect(known).toMatchObject({ ok: true })
  })

  it.each<[string, ClientCredentials]>([
    ['no assertion', { client_assertion: undefined }],
    ['no type', { client_assertion_type: undefined }],
    ['nothing', { client_assertion: undefined, client_assertion_type: undefined }],
    ['the type of SAML', { client_assertion_type: TYPE.replace('jwt', 'saml2') }],
    ['a client_id alone', { client_assertion: undefined, client_id: 'gateway' }],
  ])('refuses as client_assertion_missing a call with %s', async (_, changes) => {
    const refused = await authenticate(assertionBy(gateway), changes as Members)
    expect(refused).toEqual(refuse({ reason: 'client_assertion_missing' }))
  })

  it.each<[ClientRefusal, string, Members, Members?]>([
    ['client_assertion_invalid', 'without jti', { jti: undefined }],
    ['client_name_mismatch', 'of another name', { iss: 'mesh', sub: 'mesh' }],
    ['client_name_mismatch', 'beside another client_id', {}, { client_id: 'mesh' }],
    ['client_assertion_for_another_service', 'for another service', { aud: 'https://b.example' }],
    ['client_assertion_not_in_time', 'that has expired', { iat: NOW - 90, exp: NOW - 30 }],
  ])(
    'refuses as %s one %s, names its key, and leaves it unused',
    async (reason, _, claims, more) => {
      const ledger = createMemoryLedger(0)
      for (let i = 0; i < 2; i++) {
        const refused = await authenticate(assertionBy(gateway, claims), { ledger, ...more })
        expect(refused).toEqual(refuse({ reason, name: 'gateway', kid: gateway.thumbprint }))
      }
      expect((await ledger.list('client', { limit: 1 }, NOW)).entries).toEqual([])
    },
  )

  it('refuses as client_assertion_invalid what no known key has signed, and names none', async () => {
    const stranger = await makeKey('EdDSA')
    const forged = compactJws(
      { alg: 'EdDSA', kid: gateway.thumbprint },
      { iss: 'gateway', sub: 'gateway', aud: ISSUER, jti: 'j', iat: NOW, exp: NOW + 60 },
      signer(stranger.privateKey),
    )
    for (const text of ['', 'x', 'a.b.c', assertionBy(stranger), forged]) {
      expect(await authenticate(text)).toEqual(refuse({ reason: 'client_assertion_invalid' }))
    }
  })

  it('refuses as client_assertion_used one that was used, by any clock in tolerance', async () => {
    const ledger = createMemoryLedger(0)
    expect(await authenticate(assertionBy(gateway), { ledger })).toMatchObject({ ok: true })
    const used = { reason: 'client_assertion_used', name: 'gateway', kid: gateway.thumbprint }
    for (const now of [NOW, NOW + 89, NOW - 30]) {
      expect(await authenticate(assertionBy(gateway), { ledger, now })).toEqual(refuse(used))
    }
    // Another signature over the same jti is the same assertion.
    const again = assertionBy(gateway, { exp: NOW + 59 })
    expect(await authenticate(again, { ledger })).toEqual(refuse(used))
    const next = assertionBy(gateway, { jti: 'k' })
    expect(await authenticate(next, { ledger })).toMatchObject({ ok: true })
  })

  it('tells keys apart that used one jti', async () => {
    const ledger = createMemoryLedger(0)
    for (const [key, name] of [[gateway], [second], [mesh, 'mesh']] as const) {
      const known = await authenticate(assertionBy(key, {}, name), { ledger })
      expect(known).toMatchObject({ ok: true })
    }
  })

  it('refuses one from before the ledger began, whose use may be lost', async () => {
    const ledger = createMemoryLedger(NOW + 1)
    const refused = await authenticate(assertionBy(gateway), { ledger })
    const known = { name: 'gateway', kid: gateway.thumbprint }
    expect(refused).toEqual(refuse({ reason: 'client_assertion_invalid', ...known }))
  })

  it('lets an unreachable ledger through as what it is', async () => {
    const ledger: Ledger = {
      ...createMemoryLedger(0),
      compareAndSet: () => Promise.reject(new LedgerUnavailableError('gone')),
    }
    const asked = authenticate(assertionBy(gateway), { ledger })
    await expect(asked).rejects.toThrow(LedgerUnavailableError)
  })
})
