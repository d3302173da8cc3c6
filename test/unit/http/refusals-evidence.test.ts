// Every reason to refuse evidence, and an unusable ledger, through HTTP: one answer for all evidence, so that nobody
// can try out what would be believed; the reason is in the audit event alone.

import { beforeAll, describe, expect, it } from 'vitest'
import type { Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLedger } from '../../../src/ledger/memory.ts'
import { LedgerUnavailableError } from '../../../src/base/errors.ts'
import {
  type DerNode,
  der,
  encodeDer,
  integer,
  nodeAt,
  octets,
  primitive,
} from '../../support/der-tree.ts'
import { INVALID, enrolled, expectRefused, expects, toBase64 } from '../../support/http.ts'
import { type SignOptions, documentText, withAudience } from '../../support/test-cloud.ts'
import { type TestService, createTestService } from '../../support/test-service.ts'

const YEARS = 2 * 366 * 86_400
const DOCUMENT = documentText()
const encode = (tree: DerNode): string => toBase64(encodeDer(tree))

let service: TestService
beforeAll(async () => {
  service = await createTestService()
})

/** What is posted; made of an audience that the service has just given. */
type Post = (audience: string) => Record<string, string>

const signed =
  (signing: SignOptions, content = (audience: string) => withAudience(DOCUMENT, audience)): Post =>
  (audience) => ({
    document: DOCUMENT,
    pkcs7: toBase64(service.cloud.sign(content(audience), signing)),
  })

/** Good evidence with one change of its tree. */
const changed =
  (change: (signedData: DerNode, signer: DerNode) => void): Post =>
  (audience) => {
    const root = service.cloud.tree(withAudience(DOCUMENT, audience))
    change(nodeAt(root, 1, 0), nodeAt(root, 1, 0, -1, 0))
    return { document: DOCUMENT, pkcs7: encode(root) }
  }

/** `ahead`: seconds by which the clock of the service is. */
type Row = [reason: string, what: string, post: Post, ahead?: number]

const ROWS: Row[] = [
  ['malformed_encoding', 'text that is not base64', () => ({ document: DOCUMENT, pkcs7: '%%%' })],
  ['malformed_der', 'bytes that are not DER', () => ({ document: DOCUMENT, pkcs7: 'AAAA' })],
  [
    'unsupported_structure',
    'a message with revocation lists',
    changed((signedData) => void signedData.children?.splice(3, 0, der(0xa1))),
  ],
  ['unsupported_algorithm', 'a message by MD5', signed({ hash: 'md5' })],
  [
    'unknown_signer',
    'a message of another serial number',
    changed((_, signer) => void nodeAt(signer, 1).children?.splice(1, 1, integer(1))),
  ],
  ['trust_anchor_not_valid', 'a message after its anchor has expired', signed({}), YEARS],
  [
    'signed_attributes_invalid',
    'signed attributes without a digest',
    changed((_, signer) => void signer.children?.splice(3, 0, der(0xa0))),
  ],
  [
    'signature_invalid',
    'a signature of zeros',
    changed((_, signer) => void signer.children?.splice(-1, 1, octets(new Uint8Array(256)))),
  ],
  ['document_malformed', 'a document with a field too few', signed({}, () => '{"mac":"x"}')],
  [
    'document_mismatch',
    'another document beside the signed one',
    (audience) => ({
      ...signed({})(audience),
      document: documentText({ 'instance-id': 'i-another' }),
    }),
  ],
  [
    'audience_mismatch',
    'evidence over another challenge than the one that is posted',
    (audience) => ({ ...signed({})(audience), audience: audience.replace(/^./, '-') }),
  ],
  ['audience_mismatch', 'evidence over no challenge', signed({}, () => DOCUMENT)],
  [
    'challenge_malformed',
    'evidence over a nonce of the client’s own',
    signed({}, () => withAudience(DOCUMENT, 'nonce')),
  ],
  [
    'malformed_der',
    'a signature in a BIT STRING',
    changed((_, signer) => void signer.children?.splice(-1, 1, primitive(3, new Uint8Array(9)))),
  ],
]

describe('POST /v1/enroll', () => {
  it.each<Row>(ROWS)('refuses as %s %s', async (reason, _, post, ahead = 0) => {
    await enrolled(await service.post('/v1/enroll', signed({})(await service.challenge())))
    const { now } = service
    service.now = now + ahead
    try {
      const response = await service.post('/v1/enroll', post(await service.challenge()))
      const problem = await expectRefused(
        service,
        response,
        expects(401, 'invalid_evidence', reason),
      )
      // The client reads the same for each of them.
      expect(problem).not.toHaveProperty('reason')
      expect(problem.title).toBe(
        'The evidence was refused; get a new challenge and a new signature',
      )
    } finally {
      service.now = now
    }
  })

  it('refuses detached content without a document before it looks at it: the field is required', async () => {
    const audience = await service.challenge()
    const { document: _, ...posted } = signed({ detached: true })(audience)
    const response = await service.post('/v1/enroll', { ...posted, audience })
    await expectRefused(service, response, INVALID('field_missing', 'document'))
  })
})

describe('POST /v1/enroll with a ledger that gives no answer', () => {
  const reading = (read: Ledger['read']): Ledger => ({ ...createMemoryLedger(0), read })

  it.each<[string, string, Ledger]>([
    [
      'ledger_unavailable',
      'is unreachable',
      reading(() => Promise.reject(new LedgerUnavailableError('gone'))),
    ],
    ['ledger_format_unknown', 'holds what another release wrote', reading(async () => '2 x')],
  ])('refuses as %s, with 503 and no token, where the ledger %s', async (reason, _, ledger) => {
    const broken = await createTestService({ ledger })
    const response = await broken.post('/v1/enroll', await broken.evidence())
    expect(response.headers.get('Retry-After')).toBe('2')
    await expectRefused(broken, response, expects(503, 'unavailable', reason))
  })
})
