// enrollInstance(): what the service or the metadata service answers, and how the enrollment ends.

import { beforeEach, describe, expect, it } from 'vitest'
import {
  ClientError,
  type ClientErrorCode,
  type Retry,
  createDpopKey,
  enrollInstance,
  parsePrivateKey,
} from '../../../src/client/index.ts'
import { MetadataError, createMetadataClient } from '../../../src/metadata/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import {
  AUDIENCE,
  type ClientService,
  type ClientServiceOptions,
  ISSUER,
  ROLE,
  type Reply,
  createClientService,
  disconnected,
  inTurn,
  refusing,
  status,
} from '../../support/client-service.ts'
import { hostileProblem } from '../../support/problem.ts'
import { claimsOf } from '../../support/test-enroller.ts'

const CHALLENGE = '/v1/challenge'
const ENROLL = '/v1/enroll'
const DOCUMENT = '/instance-identity/document'

/** A situation, and how a client ends in it. */
interface Situation {
  readonly reply?: Reply
  readonly replyMetadata?: Reply
  readonly options?: ClientServiceOptions
  readonly role?: string
  readonly attempts?: number
  readonly resource?: string
  /** Absent: it ends with a token. */
  readonly code?: ClientErrorCode
  readonly status?: number
  /** Calls for a challenge, and with evidence. Default: one of each. */
  readonly calls?: readonly [challenges: number, enrollments: number]
  /** Waits of the client, whose dice always show one half. Default: none. */
  readonly waits?: readonly number[]
}

/** Changes the text of the real answer. */
const changed =
  (change: (text: string) => string): Reply =>
  async (_, real) => {
    const answer = await real()
    const { headers, status: code } = answer
    return new Response(change(await answer.text()), { status: code, headers })
  }

const busy = (headers: Record<string, string> = {}): Reply => refusing('unavailable', { headers })

const SITUATIONS: Readonly<Record<string, Situation>> = {
  'all is well': {},
  'the role is for one audience': { resource: AUDIENCE },
  'the service fails once at the challenge': {
    reply: inTurn(CHALLENGE, busy()),
    calls: [2, 1],
    waits: [1],
  },
  'the service fails three times at the evidence': {
    reply: inTurn(
      ENROLL,
      refusing('internal_error'),
      refusing('request_timeout'),
      refusing('rate_limited'),
    ),
    calls: [1, 4],
    waits: [1, 2, 4],
  },
  'the service asks for a wait': {
    reply: inTurn(ENROLL, busy({ 'Retry-After': '5' })),
    calls: [1, 2],
    waits: [6],
  },
  'the service asks for a wait of an hour': {
    reply: inTurn(CHALLENGE, busy({ 'Retry-After': '3600' })),
    calls: [2, 1],
    waits: [61],
  },
  'nobody answers once': { reply: inTurn(CHALLENGE, disconnected), calls: [2, 1], waits: [1] },
  'the answer with the token is lost': {
    reply: inTurn(ENROLL, async (request, real) => {
      await real()
      return disconnected(request, real) as never
    }),
    calls: [1, 2],
    waits: [1],
  },
  'nobody answers': {
    reply: disconnected,
    attempts: 3,
    code: 'unreachable',
    calls: [3, 0],
    waits: [1, 2],
  },
  'the service fails each time': {
    reply: busy(),
    attempts: 2,
    code: 'unavailable',
    status: 503,
    calls: [2, 0],
    waits: [1],
  },
  'one attempt is all': {
    reply: busy(),
    attempts: 1,
    code: 'unavailable',
    calls: [1, 0],
  },
  'the answer is longer than the limit': {
    reply: () => new Response('x'.repeat(65_537)),
    attempts: 2,
    code: 'unreachable',
    calls: [2, 0],
    waits: [1],
  },
  'the challenge expires before the service takes the evidence': {
    reply: inTurn(ENROLL, busy({ 'Retry-After': '60' }), busy(), busy()),
    options: { variables: { ROLLCALL_CHALLENGE_LIFETIME_SECONDS: '30' } },
    calls: [2, 4],
    waits: [61, 1, 2],
  },
  'every challenge expires': {
    reply: inTurn(ENROLL, ...Array<Reply>(20).fill(busy({ 'Retry-After': '60' }))),
    options: { variables: { ROLLCALL_CHALLENGE_LIFETIME_SECONDS: '30' } },
    attempts: 4,
    code: 'challenge_expired',
    calls: [2, 2],
    waits: [61, 61],
  },
  'the service refuses a challenge': {
    reply: inTurn(CHALLENGE, refusing('not_admitted')),
    code: 'enrollment_refused',
    status: 403,
    calls: [1, 0],
  },
  'the policy refuses': {
    options: { role: { match: { owner_account_id: ['1'] } } },
    code: 'enrollment_refused',
    status: 403,
  },
  'the role wants a key': {
    options: { role: { binding: 'dpop' } },
    code: 'enrollment_refused',
    status: 403,
  },
  'the audience is not of the role': {
    resource: 'https://other.example',
    code: 'enrollment_refused',
    status: 403,
  },
  'the challenge is not JSON': {
    reply: inTurn(CHALLENGE, () => Response.json('<html>')),
    code: 'challenge_malformed',
    status: 200,
    calls: [1, 0],
  },
  'the challenge has no life': {
    reply: inTurn(
      CHALLENGE,
      changed((text) => text.replace(/"expires_in":\d+/, '"expires_in":0')),
    ),
    code: 'challenge_malformed',
    calls: [1, 0],
  },
  'the challenge is for another role': {
    reply: inTurn(
      CHALLENGE,
      changed((text) => text.replace(/"audience":"./, '"audience":"_')),
    ),
    code: 'challenge_foreign',
    calls: [1, 0],
  },
  'the token has the wrong form': {
    reply: inTurn(
      ENROLL,
      changed((text) => text.replace('"access_token":"', '"access_token":"a b')),
    ),
    code: 'token_malformed',
    status: 200,
  },
  'the token has no role': {
    reply: inTurn(
      ENROLL,
      changed((text) => text.replace('"role"', '"rule"')),
    ),
    code: 'token_malformed',
  },
  'the token is bound, and no key was shown': {
    reply: inTurn(
      ENROLL,
      changed((text) => text.replace('Bearer', 'DPoP')),
    ),
    code: 'token_malformed',
  },
  'the metadata service has no document': {
    replyMetadata: inTurn(DOCUMENT, status(404)),
    code: 'metadata_failed',
    calls: [1, 0],
  },
  'the metadata service fails once': {
    replyMetadata: inTurn(DOCUMENT, status(500)),
    waits: [1],
  },
  'the metadata service fails each time': {
    replyMetadata: inTurn(DOCUMENT, status(500), status(500)),
    code: 'metadata_failed',
    calls: [1, 0],
    waits: [1],
  },
  'nobody answers at the address of the metadata service': {
    replyMetadata: disconnected,
    code: 'metadata_failed',
    calls: [1, 0],
    waits: [1],
  },
}

let service: ClientService
let retries: Retry[]
beforeEach(() => (retries = []))

const enroll = async ({ role = ROLE, resource, attempts }: Situation = {}) =>
  enrollInstance({
    issuer: ISSUER,
    role,
    resource,
    attempts,
    metadata: service.metadata,
    onRetry: (retry) => retries.push(retry),
    ...service.reach,
  })

const failureOf = async (enrolling: Promise<unknown>): Promise<ClientError> => {
  const error = await enrolling.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ClientError)
  return error as ClientError
}

describe('enrollInstance() given a number that makes no sense', () => {
  it.each([{ attempts: 0 }, { attempts: Number.NaN }, { timeoutSeconds: 0 }])(
    'throws a RangeError: %j',
    async (options) => {
      const issuer = 'https://rollcall.test'
      await expect(enrollInstance({ issuer, ...options })).rejects.toThrow(RangeError)
    },
  )
})

describe('enrollInstance()', () => {
  it.each(Object.entries(SITUATIONS))('ends as it should when %s', async (_, situation) => {
    const { code, status: httpStatus, options, calls = [1, 1], waits = [] } = situation
    service = await createClientService(options)
    if (situation.reply) service.reply = situation.reply
    if (situation.replyMetadata) service.replyMetadata = situation.replyMetadata
    if (code === undefined) {
      const { accessToken, ...enrolled } = await enroll(situation)
      expect(claimsOf(accessToken)).toMatchObject({ iss: ISSUER, role: ROLE })
      expect(enrolled).toMatchObject({ role: ROLE, tokenType: 'Bearer' })
      // If an answer was lost and repeated, some seconds have passed.
      expect(enrolled.expiresInSeconds).toBeGreaterThan(297)
    } else {
      const error = await failureOf(enroll(situation))
      expect(error.code).toBe(code)
      if (httpStatus !== undefined) expect(error.status).toBe(httpStatus)
      expect(error.message).toMatch(/^.+(?:; [a-z]|\n[A-Z]).+$/)
    }
    const count = (path: string): number =>
      service.requests.filter((request) => request === `POST ${path}`).length
    expect([count(CHALLENGE), count(ENROLL)]).toEqual(calls)
    expect(service.timing.waits).toEqual(waits)
  })

  it.each([
    ['always', true],
    ['never', false],
  ])('says whether the role %s lets the instance enroll again', async (reenrollment, renewable) => {
    service = await createClientService({ role: { reenrollment } })
    expect(await enroll()).toMatchObject({ renewable })
  })

  it.each(['', ',"renewable":"no"', ',"renewable":null'])(
    'reads a token beside which %j stands in the place of "renewable"',
    async (member) => {
      service = await createClientService()
      const replace = (text: string): string => text.replace(/,"renewable":\w+/, member)
      service.reply = inTurn(ENROLL, changed(replace))
      expect(await enroll()).toMatchObject({ role: ROLE, renewable: undefined })
    },
  )

  it('tells of each retry why, and how long it waits', async () => {
    service = await createClientService()
    service.reply = inTurn(CHALLENGE, busy(), status(502), disconnected)
    await enroll()
    expect(retries).toEqual([
      {
        detail:
          'the service answered 503, request r-1: The service cannot decide now; try again later',
        waitSeconds: 1,
      },
      { detail: 'something else answers: 502', waitSeconds: 2 },
      { detail: 'the connection was refused (ECONNREFUSED)', waitSeconds: 4 },
    ])
  })

  it('sends the same evidence again after a failure, so that it gets an answer that was lost', async () => {
    service = await createClientService({ role: { reenrollment: 'never' } })
    const shown: string[] = []
    const lose: Reply = async (request, real) => {
      shown.push(await request.clone().text())
      const answer = await real()
      return shown.length === 1 ? new Response('', { status: 502 }) : answer
    }
    service.reply = inTurn(ENROLL, lose, lose)
    const { accessToken } = await enroll()
    expect(shown[1]).toBe(shown[0])
    expect(claimsOf(accessToken)['role']).toBe(ROLE)
    expect(service.events.at(-1)).toMatchObject({ outcome: 'issued', retry: true })
  })

  it('binds the token to a key, and proves it anew at each try', async () => {
    service = await createClientService({ role: { binding: 'dpop' } })
    const dpopKey = createDpopKey(await parsePrivateKey(await generateSigningKeys('ES256')))
    const proofs: (string | null)[] = []
    const fail: Reply = (request) => {
      proofs.push(request.headers.get('DPoP'))
      return new Response('', { status: 503 })
    }
    service.reply = inTurn(ENROLL, fail, fail)
    const { metadata, reach } = service
    const enrolled = await enrollInstance({
      issuer: ISSUER,
      role: ROLE,
      dpopKey,
      metadata,
      ...reach,
    })
    expect(enrolled.tokenType).toBe('DPoP')
    expect(claimsOf(enrolled.accessToken)['cnf']).toEqual({ jkt: dpopKey.thumbprint })
    expect(new Set(proofs).size).toBe(2)
    const { iat, nonce } = claimsOf(proofs[0] ?? '')
    expect(iat).toBe(Math.floor(service.timing.now() - 3))
    expect(nonce).toMatch(/^[A-Za-z0-9_-]{64}$/)
  })

  it('asks for no signature over a challenge that is not of the service', async () => {
    service = await createClientService()
    service.reply = inTurn(
      CHALLENGE,
      changed((text) => text.replace(/"audience":"./, '"audience":"-')),
    )
    let asked = 0
    service.replyMetadata = () => {
      asked++
      return undefined
    }
    expect((await failureOf(enroll())).code).toBe('challenge_foreign')
    expect(asked).toBe(0)
  })

  it('keeps the error of the metadata service as its cause', async () => {
    service = await createClientService()
    service.replyMetadata = inTurn('/api/token', status(404))
    const error = await failureOf(enroll())
    expect(error.cause).toBeInstanceOf(MetadataError)
    expect(error.cause).toMatchObject({ code: 'no_hardened_mode', detail: error.detail })
    expect(error.remedy).toBe((error.cause as MetadataError).remedy)
  })

  it('shows of an error answer its title and request, without control characters', async () => {
    service = await createClientService()
    service.reply = () => hostileProblem({ title: 'no\u001b[2J', request_id: 'r\n1' })
    expect((await failureOf(enroll())).detail).toBe(
      `${ISSUER} refused: the service answered 400, request r\\u000a1: no\\u001b[2J`,
    )
  })

  it.each(['http://rollcall.example', 'https://rollcall.example/', 'rollcall.example', ''])(
    'refuses the issuer %j, and sends nothing',
    async (issuer) => {
      service = await createClientService()
      const { metadata, reach } = service
      await expect(enrollInstance({ issuer, metadata, ...reach })).rejects.toThrow(RangeError)
      expect(service.requests).toEqual([])
    },
  )

  it('ends a call that takes too long', async () => {
    service = await createClientService()
    service.reply = () => new Promise(() => undefined)
    const { metadata, reach } = service
    const options = { issuer: ISSUER, metadata, attempts: 1, timeoutSeconds: 0.01, ...reach }
    const error = await failureOf(enrollInstance(options))
    expect(error.code).toBe('unreachable')
    expect(error.remedy).toMatch(/^check the network/)
    expect(error.detail).toContain('no answer within 0.01 s')
  })

  it.each([
    ['a call of the service', CHALLENGE],
    ['a call of the metadata service', DOCUMENT],
  ])('ends with the reason of its signal during %s', async (_, path) => {
    service = await createClientService()
    const controller = new AbortController()
    const stop = inTurn(path, () => {
      controller.abort(new Error('stopped'))
      return new Promise(() => undefined)
    })
    service.reply = stop
    const { signal } = controller
    const metadata = createMetadataClient({
      signal,
      timing: service.timing,
      fetch: async (url, init) =>
        stop(new Request(url, init), async () => new Response()) ??
        service.emulator.fetch(url, init),
    })
    const options = { issuer: ISSUER, role: ROLE, metadata, signal, ...service.reach }
    await expect(enrollInstance(options)).rejects.toThrow('stopped')
  })

  it('never has a token, a key or evidence in a message', async () => {
    service = await createClientService()
    let token = ''
    service.reply = inTurn(ENROLL, async (_, real) => {
      token = ((await (await real()).json()) as { access_token: string }).access_token
      return Response.json({ title: token, access_token: token }, { status: 200 })
    })
    const { message, stack = '' } = await failureOf(enroll())
    expect(token.length).toBeGreaterThan(100)
    expect(message + stack).not.toContain(token)
  })
})
