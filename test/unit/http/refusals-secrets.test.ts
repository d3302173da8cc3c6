// Secrets, tokens, PKCS7 and challenges: never in an audit event, and in no answer but their own.

import { beforeAll, describe, expect, it } from 'vitest'
import { auditLine } from '../../../src/http/audit.ts'
import { claimsOf, enrolled, toBase64 } from '../../support/http.ts'
import { type TestService, createTestService } from '../../support/test-service.ts'
import { documentText, withAudience } from '../../support/test-cloud.ts'

let service: TestService
beforeAll(async () => {
  service = await createTestService()
})

describe('createApp() says no secret', () => {
  /** Pieces by which any longer part of a text is found. */
  const piecesOf = (text: string, length = 16): string[] =>
    text.match(new RegExp(`.{${length}}`, 'g')) ?? []

  const SECRET_HEADERS = {
    Authorization: 'Bearer header-secret-1',
    Cookie: 'session=header-secret-2',
    'x-fc-access-key-secret': 'header-secret-3',
    'x-fc-security-token': 'header-secret-4',
  }

  it('in any audit event or error answer of a whole session', async () => {
    const { privateKeys, cloud, events } = service
    events.length = 0
    const challenge = await service.challenge('worker')
    const document = documentText()
    const der = cloud.sign(withAudience(document, challenge), { certificate: true })
    const pkcs7 = toBase64(der)
    const good = { document, pkcs7, role: 'worker' }
    const answer = await enrolled(await service.post('/v1/enroll', good, SECRET_HEADERS))
    const token = String(answer['access_token'])

    const requests: (() => Promise<Response>)[] = [
      { ...good, role: challenge },
      { ...good, audience: challenge.toUpperCase() },
      { ...good, audience: pkcs7.slice(0, 64) },
      { ...good, resource: token },
      { ...good, pkcs7: token },
      { ...good, pkcs7: pkcs7.slice(4) },
      { ...good, document: pkcs7 },
      { ...good, document: document.replace('i-bp13', 'i-bp14') },
      { ...good, [token]: challenge },
      { document, pkcs7 },
      { [pkcs7.slice(0, 200)]: '' },
      { dpop_jkt: challenge.slice(0, 43) },
      { role: token },
    ].flatMap((fields) =>
      ['/v1/enroll', '/v1/challenge', `/v1/${challenge}`, `/v1/enroll?token=${token}`].map(
        (path) => () => service.post(path, fields as Record<string, string>, SECRET_HEADERS),
      ),
    )
    requests.push(
      () => service.post('/v1/enroll', good, { ...SECRET_HEADERS, DPoP: token }),
      () => service.post('/v1/enroll', good, { 'Content-Encoding': challenge }),
      () => service.post('/v1/enroll', good, { 'Content-Type': `text/${challenge}` }),
      () => service.request(`/${challenge}`, { method: 'DELETE', headers: SECRET_HEADERS }),
    )
    const said: string[] = []
    const codes = new Set<string>()
    for (const request of requests) {
      const response = await request()
      const head = [...response.headers].join('\n')
      const text = await response.text()
      if (!response.ok) said.push(head, text)
      if (!response.ok) codes.add((JSON.parse(text) as { code: string }).code)
    }
    expect([...codes].toSorted()).toEqual([
      'invalid_dpop_proof',
      'invalid_evidence',
      'invalid_request',
      'not_admitted',
      'not_found',
      'unsupported_media_type',
    ])
    said.push(...events.map(auditLine))
    expect(events.length).toBeGreaterThan(40)

    const [jwk] = (JSON.parse(privateKeys) as { keys: { d: string }[] }).keys
    // Not the token's first part, nor the first half of a challenge: everybody knows them.
    const [, claims = '', signature = ''] = token.split('.')
    const secrets = {
      'a private key': [jwk?.d ?? '?'].flatMap((text) => piecesOf(text)),
      'a token': [claims, signature].flatMap((text) => piecesOf(text)),
      'a challenge': piecesOf(challenge.slice(32)),
      'PKCS7 in base64': piecesOf(pkcs7),
      'PKCS7 in hex': piecesOf(Buffer.from(der).toString('hex'), 32),
      'a header': Object.values(SECRET_HEADERS).map((value) => value.slice(-15)),
      'a document': ['192.168.10.21', '00:16:3e:0f:12:ab', '4acd2b47-b328-4762-852f-99ab12cd34ef'],
    }
    const everything = said.join('\n')
    for (const [name, pieces] of Object.entries(secrets)) {
      expect(pieces.length, name).toBeGreaterThan(0)
      expect(
        pieces.filter((piece) => everything.includes(piece)),
        name,
      ).toEqual([])
    }
  })

  it('of the evidence or the key in an answer that is a token', async () => {
    const evidence = await service.evidence()
    const text = await (await service.post('/v1/enroll', evidence)).text()
    const [jwk] = (JSON.parse(service.privateKeys) as { keys: { d: string }[] }).keys
    const claims = JSON.stringify(
      claimsOf((JSON.parse(text) as { access_token: string }).access_token),
    )
    for (const said of [text, claims]) {
      // The signature: what stands before it is what the token says as well.
      const found = [...piecesOf(evidence.pkcs7.slice(-336)), ...piecesOf(jwk?.d ?? '?')]
      expect(found.filter((piece) => said.includes(piece))).toEqual([])
    }
  })

  it('in what it publishes', async () => {
    const [jwk] = (JSON.parse(service.privateKeys) as { keys: { d: string; x: string }[] }).keys
    const paths = ['/.well-known/jwks.json', '/.well-known/openid-configuration', '/openapi.json']
    const texts = await Promise.all(
      [...paths, '/bootstrap.sh', '/healthz'].map(async (path) =>
        (await service.request(path)).text(),
      ),
    )
    expect(texts.join('')).toContain(jwk?.x)
    expect(texts.join('')).not.toContain(jwk?.d)
  })
})
