// A service that a Kubernetes API server may ask about tokens, and what the API server sends: for tests of
// `POST /v1/kubernetes/tokenreview`.

import { createHash } from 'node:crypto'
import { resignToken } from './bad-tokens.ts'
import { enrolled } from './http.ts'
import { DOCUMENT_FIELDS } from './test-cloud.ts'
import {
  TOKEN_AUDIENCE,
  type TestService,
  type TestServiceOptions,
  createTestService,
} from './test-service.ts'

export const TOKEN_REVIEW = '/v1/kubernetes/tokenreview'

/** What only the API server knows. */
export const WEBHOOK_TOKEN = 'webhook-token-of-the-api-server'

/** SHA-256 in lower-case hex. */
export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')

/** `ROLLCALL_KUBERNETES` for nodes of the role `worker`. */
export const KUBERNETES = {
  audiences: [TOKEN_AUDIENCE],
  roles: ['worker'],
  accounts: [DOCUMENT_FIELDS['owner-account-id']],
  webhook_token_sha256: [sha256Hex(WEBHOOK_TOKEN)],
}

/** The user of the usual instance, by the default template. */
export const NODE_USER = {
  username: `system:node:${DOCUMENT_FIELDS['region-id']}.${DOCUMENT_FIELDS['instance-id']}`,
  uid: DOCUMENT_FIELDS['serial-number'],
  groups: ['system:nodes'],
  extra: {
    'rollcall.test/addresses': [DOCUMENT_FIELDS['private-ipv4']],
    'rollcall.test/role': ['worker'],
  },
}

/** A TokenReview as the webhook client of the API server encodes it: what is empty in Go is there too. */
export const reviewBody = (
  token: string,
  audiences: readonly string[] | undefined = [TOKEN_AUDIENCE],
): string =>
  `${JSON.stringify({
    kind: 'TokenReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { creationTimestamp: null },
    spec: { token, ...(audiences !== undefined && { audiences }) },
    status: { user: {} },
  })}\n`

/** The headers that the client of the API server sends. */
export const WEBHOOK_HEADERS = {
  Accept: 'application/json, */*',
  'Accept-Encoding': 'gzip',
  Authorization: `Bearer ${WEBHOOK_TOKEN}`,
  'Content-Type': 'application/json',
  'User-Agent': 'kube-apiserver/v1.29.0 (linux/amd64) kubernetes/3f7a50f',
}

/** A service, and a node that enrolled there. */
export interface Reviewing {
  readonly service: TestService
  /** The node's token, unbound, of one audience. */
  readonly token: string
  /** The claims of the token with changes, signed by the service's own key. */
  resigned(claims: Readonly<Record<string, unknown>>): string
  /** Asks as the API server does. @param headers in place of the usual ones */
  ask(body: string, headers?: Readonly<Record<string, string>>): Promise<Response>
}

/** Creates one. @param options `variables` may name another cluster */
export const createReviewing = async ({
  variables,
  ...options
}: TestServiceOptions = {}): Promise<Reviewing> => {
  const service = await createTestService({
    ...options,
    variables: { ROLLCALL_KUBERNETES: JSON.stringify(KUBERNETES), ...variables },
  })
  const fields = { ...(await service.evidence()), resource: TOKEN_AUDIENCE }
  const answer = await enrolled(await service.post('/v1/enroll', fields))
  const token = String(answer['access_token'])
  const privateKeys = variables?.['ROLLCALL_SIGNING_KEYS'] ?? service.privateKeys
  return {
    service,
    token,
    resigned: (claims) => resignToken({ goodToken: token, privateKeys }, claims),
    ask: (body, headers = WEBHOOK_HEADERS) =>
      service.request(`${TOKEN_REVIEW}?timeout=30s`, { method: 'POST', headers, body }),
  }
}
