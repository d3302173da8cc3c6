// Proofs whose claims or type must be refused.

import { createHash } from 'node:crypto'
import { proofRefused } from './answer.ts'
import {
  type Forge,
  type Forgeries,
  type ProofParts,
  changed,
  claim,
  header,
} from './dpop-forging.ts'
import { type TestKey, compactJws, signer } from './independent-jws.ts'
import { makeProof } from './proofs.ts'
import { ISSUER } from './constants.ts'

const ENROLL = `${ISSUER}/v1/enroll`
const malformed = proofRefused('dpop_malformed')

const headerOf = ({ alg, jwk }: TestKey): unknown => ({ alg, typ: 'dpop+jwt', jwk })

const doubled = (key: TestKey, nonce: string): string => {
  const claims = { jti: 'a', htm: 'POST', htu: ENROLL, iat: 1, nonce }
  const text = JSON.stringify(claims).replace('{', '{"nonce":"another",')
  return compactJws(headerOf(key), text, signer(key.privateKey))
}

/** Each, by what it is called. */
export const CLAIM_FORGERIES: Forgeries = [
  ['no htm', claim('htm', undefined), proofRefused('dpop_method_mismatch')],
  ['the htm GET', claim('htm', 'GET'), proofRefused('dpop_method_mismatch')],
  ['the htm in lower case', claim('htm', 'post'), proofRefused('dpop_method_mismatch')],
  ['several htm', claim('htm', ['POST']), proofRefused('dpop_method_mismatch')],
  ...[
    ['no htu', undefined],
    ['the htu of another path', `${ISSUER}/v1/challenge`],
    ['the htu of the service alone', ISSUER],
    ['a path for its htu', '/v1/enroll'],
    ['the htu of another host', 'https://evil.example/v1/enroll'],
    ['the htu of a host that begins alike', 'https://rollcall.example.evil.example/v1/enroll'],
    ['an htu with a user', 'https://rollcall.example@evil.example/v1/enroll'],
    ['the htu without TLS', 'http://rollcall.example/v1/enroll'],
    ['an htu with the default port', 'https://rollcall.example:443/v1/enroll'],
    ['an htu in upper case', 'https://ROLLCALL.example/v1/enroll'],
    ['an htu with a slash at its end', `${ENROLL}/`],
    ['an htu with a query', `${ENROLL}?role=always`],
    ['an htu with a fragment', `${ENROLL}#`],
    ['an htu with dots in its path', `${ISSUER}/v1/../v1/enroll`],
    ['an htu with a line end', `${ENROLL}\n`],
    ['several htu', [ENROLL]],
  ].map(
    ([name, htu]) => [String(name), claim('htu', htu), proofRefused('dpop_uri_mismatch')] as const,
  ),
  [
    'the htu of the address that was really called',
    ({ key, nonce, url }) => makeProof(key, ISSUER, nonce, { claims: { htu: `${url}/v1/enroll` } }),
    proofRefused('dpop_uri_mismatch'),
  ],
  ...(
    [
      ['no nonce', () => undefined],
      ['an empty nonce', () => ''],
      ['another nonce', () => 'nonce'],
      ['another challenge for its nonce', ({ otherNonce }) => otherNonce],
      ['the nonce and a space', ({ nonce }) => `${nonce} `],
      ['several nonces', ({ nonce }) => [nonce]],
    ] satisfies [string, (parts: ProofParts) => unknown][]
  ).map(([name, nonceOf]) => {
    const forge: Forge = (parts) => claim('nonce', nonceOf(parts))(parts)
    return [name, forge, proofRefused('dpop_nonce_mismatch')] as const
  }),
  ...[undefined, null, '1', String(86_400), true, [86_400]].map(
    (iat) => [`the iat ${JSON.stringify(iat)}`, claim('iat', iat), malformed] as const,
  ),
  ...[undefined, null, '', 1, ['a']].map(
    (jti) => [`the jti ${JSON.stringify(jti)}`, claim('jti', jti), malformed] as const,
  ),
  ['the hash of a token', claim('ath', createHash('sha256').digest('base64url')), malformed],
  ['an ath without a value', claim('ath', null), malformed],
  ['a claim that is there twice', ({ key, nonce }) => doubled(key, nonce), malformed],
  [
    'a list of claims',
    ({ key }) => compactJws(headerOf(key), '[]', signer(key.privateKey)),
    malformed,
  ],
  ['no JSON', ({ key }) => compactJws(headerOf(key), 'claims', signer(key.privateKey)), malformed],
  ['no claims', ({ key }) => compactJws(headerOf(key), '', signer(key.privateKey)), malformed],

  ['the typ JWT', header('typ', 'JWT'), malformed],
  ['no typ', header('typ', undefined), malformed],
  ['the typ with its tree', header('typ', 'application/dpop+jwt'), malformed],
  ['the typ of an operator’s token', header('typ', 'rollcall-admin+jwt'), malformed],
  ['crit', header('crit', ['exp']), malformed],
  ['crit of what jose knows', changed({ header: { crit: ['b64'], b64: true } }), malformed],
  ['crit that is empty', header('crit', []), malformed],
]
