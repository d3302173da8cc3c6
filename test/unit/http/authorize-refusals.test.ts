// What `/v1/authorize` refuses: queries, credentials, proxies and demands; and what a client could set in between
// (headers of its own, a query behind ours), which changes nothing.

import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { auditLine } from '../../../src/http/audit.ts'
import {
  APP,
  type Authorizing,
  type HeaderFields,
  PROXIES,
  PROXY_SECRET,
  QUERY,
  createAuthorizing,
  proofFor,
} from '../../support/authorizing.ts'
import { INVALID, expectRefused, expects, type Refusal } from '../../support/http.ts'
import { ISSUER } from '../../support/test-service.ts'

let gate: Authorizing
beforeAll(async () => {
  gate = await createAuthorizing()
})
const bearer = (): HeaderFields => ({ Authorization: `Bearer ${gate.bearerToken}` })

/** Headers without some of them. */
const without = (headers: HeaderFields, ...names: readonly string[]): HeaderFields =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))

const refuses = async (
  headers: HeaderFields,
  expected: Refusal,
  query = QUERY,
): Promise<Response> => {
  const answer = await gate.ask(headers, query)
  expect(answer.headers.get('X-Rollcall-Instance')).toBeNull()
  await expectRefused(gate.service, answer.clone(), expected)
  return answer
}

const ALGS = 'algs="ES256 RS256 EdDSA Ed25519"'
const challenges = (bearerError: string, dpopError: string): string =>
  `Bearer realm="${ISSUER}"${bearerError}, DPoP realm="${ISSUER}"${dpopError}, ${ALGS}`

describe('/v1/authorize refuses the query', () => {
  it.each<[string, string, Refusal]>([
    ['nothing', '', INVALID('field_missing', 'audience')],
    ['no audience', 'role=worker', INVALID('field_missing', 'audience')],
    ['an empty audience', 'audience=', INVALID('field_empty', 'audience')],
    ['two audiences', `${QUERY}&${QUERY}`, INVALID('field_repeated')],
    ['an audience with a space', 'audience=a+b', INVALID('field_malformed', 'audience')],
    ['a role twice', `${QUERY}&role=worker&role=builder`, INVALID('field_repeated')],
    ['a role twice, once escaped', `${QUERY}&role=worker&%72ole=x`, INVALID('field_repeated')],
    ['an empty role', `${QUERY}&role=`, INVALID('field_empty', 'role')],
    ['an empty role in a list', `${QUERY}&role=worker,`, INVALID('field_malformed', 'role')],
    ['a pattern', `${QUERY}&role=*`, INVALID('field_malformed', 'role')],
    ['an account with letters', `${QUERY}&account=1a`, INVALID('field_malformed', 'account')],
    ['a region in upper case', `${QUERY}&region=CN`, INVALID('field_malformed', 'region')],
    ['an unknown parameter', `${QUERY}&instance=i-1`, INVALID('field_unknown')],
    ['a parameter without a value', `${QUERY}&role`, INVALID('field_malformed')],
    ['a broken escape', 'audience=%zz', INVALID('field_malformed')],
  ])('%s', async (_, query, expected) => {
    const answer = await gate.ask(bearer(), query)
    await expectRefused(gate.service, answer, expected)
  })
})

describe('/v1/authorize refuses with 401', () => {
  it('a request without a token, and names both schemes without an error', async () => {
    const refused = expects(401, 'invalid_token', 'token_missing')
    for (const headers of [{}, { Authorization: '' }, { Authorization: 'Basic YTpi' }]) {
      const answer = await refuses(headers, refused)
      expect(answer.headers.get('WWW-Authenticate')).toBe(challenges('', ''))
    }
  })

  it('a bad token, and names the error for both schemes', async () => {
    const answer = await refuses(
      { Authorization: `Bearer ${gate.bearerToken}x` },
      expects(401, 'invalid_token', 'signature_invalid'),
    )
    const error = ', error="invalid_token"'
    expect(answer.headers.get('WWW-Authenticate')).toBe(challenges(error, error))
  })

  it('a bad proof, and names the error for DPoP', async () => {
    const answer = await refuses(
      gate.boundHeaders({ 'X-Forwarded-Method': 'POST' }),
      expects(401, 'invalid_dpop_proof', 'dpop_method_mismatch'),
    )
    expect(answer.headers.get('WWW-Authenticate')).toBe(
      challenges('', ', error="invalid_dpop_proof"'),
    )
  })

  it('a proof that was used before', async () => {
    const headers = gate.boundHeaders()
    expect((await gate.ask(headers)).status).toBe(200)
    await refuses(headers, expects(401, 'invalid_dpop_proof', 'dpop_replayed'))
  })

  it('a bound token as a bearer token', async () => {
    const refused = expects(401, 'invalid_token', 'token_scheme_mismatch')
    const headers = gate.boundHeaders({ Authorization: `Bearer ${gate.boundToken}` })
    await refuses(headers, refused)
    await refuses(without(headers, 'DPoP'), refused)
    await refuses(without(headers, 'DPoP', 'X-Rollcall-Proxy'), refused)
    await refuses({ ...gate.boundHeaders(), ...bearer() }, refused)
  })

  it.each<[string, HeaderFields]>([
    ['two methods', { 'X-Forwarded-Method': 'GET, GET' }],
    ['two addresses', { 'X-Forwarded-Uri': '/a, /a' }],
    ['an absolute address', { 'X-Forwarded-Uri': `${APP}/a` }],
  ])('a proxy that tells %s', async (_, changes) => {
    const refused = expects(401, 'invalid_dpop_proof', 'forwarded_request_malformed')
    await refuses(gate.boundHeaders(changes), refused)
  })

  it('a token in the query or of an operator', async () => {
    await expectRefused(
      gate.service,
      await gate.ask({}, `${QUERY}&access_token=${gate.bearerToken}`),
      INVALID('field_unknown'),
    )
    const operator = await gate.service.operatorToken()
    await refuses(
      { Authorization: `Bearer ${operator}` },
      expects(401, 'invalid_token', 'malformed'),
    )
  })
})

describe('/v1/authorize refuses with 403', () => {
  it.each<[string, HeaderFields]>([
    ['no secret', {}],
    ['an empty secret', { 'X-Rollcall-Proxy': '' }],
    ['another secret', { 'X-Rollcall-Proxy': `${PROXY_SECRET}x` }],
    ['the secret twice', { 'X-Rollcall-Proxy': `${PROXY_SECRET}, ${PROXY_SECRET}` }],
  ])('a bound token of a proxy with %s', async (_, secret) => {
    const headers = { ...without(gate.boundHeaders(), 'X-Rollcall-Proxy'), ...secret }
    await refuses(headers, expects(403, 'proxy_not_trusted', 'proxy_not_trusted'))
  })

  it.each([
    ['audience=https%3A%2F%2Fanother-audience.test', 'audience_not_of_token'],
    ['audience=https%3A%2F%2Fother.example', 'audience_not_of_proxy'],
    // What a client sends behind our query is a part of its last value.
    [`${QUERY}?audience=x`, 'audience_not_of_proxy'],
    [`${QUERY};audience=x`, 'audience_not_of_proxy'],
    [`${QUERY}&role=builder`, 'role_mismatch'],
    [`${QUERY}&account=1`, 'account_mismatch'],
    [`${QUERY}&region=nowhere`, 'region_mismatch'],
  ])('what does not meet the query %s', async (query, reason) => {
    await refuses(gate.boundHeaders(), expects(403, 'not_admitted', reason), query)
  })

  it('an unbound token that does not meet the query, without a proxy', async () => {
    const query = 'audience=https%3A%2F%2Fanother-audience.test'
    await refuses(bearer(), expects(403, 'not_admitted', 'audience_not_of_token'), query)
  })
})

describe('/v1/authorize takes nothing from what clients can set (refusal 28)', () => {
  const FORGED = {
    Host: 'evil.test',
    Forwarded: 'host=evil.test;proto=https;for=192.0.2.1',
    'X-Forwarded-Host': 'evil.test',
    'X-Forwarded-Proto': 'http',
    'X-Forwarded-Port': '1',
    'X-Forwarded-Prefix': '/evil',
    'X-Forwarded-For': '192.0.2.1',
    'X-Original-URL': '/evil',
    'X-Original-Uri': '/evil',
    'X-Original-Method': 'DELETE',
    'X-Original-Host': 'evil.test',
    'X-Rewrite-Url': '/evil',
    'X-HTTP-Method-Override': 'DELETE',
    'X-Rollcall-Instance': 'i-evil',
    'X-Rollcall-Role': 'admin',
    'X-Rollcall-Groups': 'admin',
  }

  it('a good request stays good, and its identity is the one of the token', async () => {
    const plain = await gate.ask(gate.boundHeaders())
    const forged = await gate.ask(gate.boundHeaders(FORGED))
    expect(forged.status).toBe(200)
    const own = ({ headers }: Response): unknown =>
      [...headers].filter(([name]) => name !== 'x-request-id')
    expect(own(forged)).toEqual(own(plain))
  })

  it.each(['https://evil.test/a', 'http://app.test/a', 'https://app.test:1/a', `${APP}/evil/a`])(
    'a proof for %s stays bad',
    async (htu) => {
      const { key, boundToken, service } = gate
      const DPoP = proofFor(key, boundToken, { htm: 'GET', htu, iat: service.now })
      await refuses(
        gate.boundHeaders({ ...FORGED, DPoP }),
        expects(401, 'invalid_dpop_proof', 'dpop_uri_mismatch'),
      )
    },
  )

  it('the secret of one proxy does not work for the origin of another', async () => {
    const two = await createAuthorizing({
      variables: { ROLLCALL_PROXIES: twoProxies() },
    })
    const { key, boundToken, service } = two
    const DPoP = proofFor(key, boundToken, {
      htm: 'GET',
      htu: 'https://shop.test/a',
      iat: service.now,
    })
    const headers = two.boundHeaders({ DPoP })
    await expectRefused(
      service,
      await two.ask(headers),
      expects(401, 'invalid_dpop_proof', 'dpop_uri_mismatch'),
    )
    const ofShop = { ...headers, 'X-Rollcall-Proxy': 'the secret of shop' }
    expect((await two.ask(ofShop)).status).toBe(200)
  })
})

const twoProxies = (): string => {
  const [app] = JSON.parse(PROXIES) as Record<string, unknown>[]
  const secret = createHash('sha256').update('the secret of shop').digest('hex')
  return JSON.stringify([
    app,
    { ...app, name: 'shop', origin: 'https://shop.test', secret_sha256: secret },
  ])
}

describe('/v1/authorize says no secret', () => {
  it('in an answer that refuses, or in an event', async () => {
    const { service } = gate
    service.events.length = 0
    const headers = gate.boundHeaders()
    const said: string[] = []
    for (const changes of [
      { 'X-Forwarded-Method': 'POST' },
      { 'X-Rollcall-Proxy': `${PROXY_SECRET}x` },
      { Authorization: `Bearer ${gate.boundToken}` },
      { 'X-Forwarded-Uri': `/${gate.boundToken}` },
      { DPoP: `${headers['DPoP']}x` },
    ]) {
      const answer = await gate.ask({ ...headers, ...changes })
      expect(answer.ok).toBe(false)
      said.push([...answer.headers].join('\n'), await answer.text())
    }
    said.push(...service.events.map(auditLine))
    const secrets = [PROXY_SECRET, gate.boundToken, String(headers['DPoP'])].flatMap((text) =>
      text.split('.').flatMap((part) => part.match(/.{16}/g) ?? []),
    )
    expect(secrets.length).toBeGreaterThan(20)
    expect(secrets.slice(5).filter((piece) => said.join('\n').includes(piece))).toEqual([])
  })
})
