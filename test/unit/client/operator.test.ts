// createOperatorClient(): each call against the real service, and what an answer that was not hoped for becomes.

import { beforeEach, describe, expect, it } from 'vitest'
import {
  ClientError,
  type ClientErrorCode,
  type InstanceName,
  type OperatorClient,
  type OperatorClientOptions,
  type Retry,
  createOperatorClient,
  enrollInstance,
  parsePrivateKey,
} from '../../../src/client/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import {
  type ClientService,
  ISSUER,
  ROLE,
  type Reply,
  createClientService,
  disconnected,
  inTurn,
  refusing,
  status,
} from '../../support/client-service.ts'
import { htmlPage } from '../../support/problem.ts'
import { claimsOf } from '../../support/test-enroller.ts'

let service: ClientService
let operators: OperatorClient
let retries: Retry[]
let token: string
let name: InstanceName

const clientWith = (options: Partial<OperatorClientOptions> = {}): OperatorClient =>
  createOperatorClient({
    issuer: ISSUER,
    key: service.operatorKey,
    onRetry: (retry) => retries.push(retry),
    ...service.reach,
    ...options,
  })

beforeEach(async () => {
  retries = []
  service = await createClientService()
  operators = clientWith()
  const { metadata, reach, timing } = service
  token = (await enrollInstance({ issuer: ISSUER, role: ROLE, metadata, ...reach })).accessToken
  timing.pass(10)
  const ecs = claimsOf(token)['ecs'] as Record<string, string>
  const { owner_account_id: account = '', region_id: region = '', instance_id: id = '' } = ecs
  name = { account, region, instance: id }
})

const failureOf = async (call: Promise<unknown>): Promise<ClientError> => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ClientError)
  return error as ClientError
}

const all = async <Item>(pages: AsyncIterable<{ items: readonly Item[] }>): Promise<Item[]> => {
  const items: Item[] = []
  for await (const page of pages) items.push(...page.items)
  return items
}

describe('the client of operators', () => {
  it('lists, shows, resets, revokes and forgets an instance', async () => {
    const [listed] = await all(operators.instances())
    expect(listed).toEqual(await operators.show(name))
    expect(listed).toMatchObject({ instance_id: name.instance, role: ROLE, open: false })
    expect(await operators.reset(name)).toMatchObject({ open: true, generation: 1 })
    const now = Math.floor(service.timing.now())
    expect(await operators.revoke(name)).toMatchObject({ revoked_until: now })
    expect(await operators.forget(name)).toMatchObject({ instance_id: name.instance })
    expect(await all(operators.instances())).toEqual([])
    const actions = service.events.flatMap(({ action, sub }) => (sub === 'alice' ? [action] : []))
    expect(actions).toEqual(['list', 'show', 'reset', 'revoke', 'forget', 'list'])
  })

  it('bans, lists bans and lifts one', async () => {
    const banned = { kind: 'instance', value: name.instance } as const
    expect(await operators.ban(banned, 'leaked its key')).toMatchObject({
      ...banned,
      reason: 'leaked its key',
      banned_by: 'alice',
    })
    expect((await all(operators.bans())).map(({ value }) => value)).toEqual([name.instance])
    expect(await operators.unban(banned)).toEqual(banned)
    expect(await all(operators.bans())).toEqual([])
  })

  it('asks whether a token is active, and revokes it by itself or by its jti', async () => {
    expect(await operators.introspect(token)).toMatchObject({ active: true, role: ROLE })
    expect(await operators.introspect('x.y.z')).toEqual({ active: false })
    await operators.revokeToken({ jti: String(claimsOf(token)['jti']) })
    expect(await operators.introspect(token)).toEqual({ active: false })
    await expect(operators.revokeToken({ token })).resolves.toBeUndefined()
  })

  it('follows a list from page to page, and begins at a given cursor', async () => {
    const page = (at: string, cursor?: string): Reply => {
      const kind = 'image'
      const ban = { kind, value: at, reason: 'r', banned_by: 'b', banned_at: 1 }
      return () => Response.json({ bans: at === '' ? [] : [ban], cursor })
    }
    const asked: string[] = []
    const replies = inTurn('/bans', page('m-1', 'c1'), page('', 'c2'), page('m-2'))
    service.reply = (request, real) => {
      asked.push(new URL(request.url).search)
      return replies(request, real)
    }
    const items = await all(operators.bans({ cursor: 'c0', limit: 7 }))
    expect(items.map(({ value }) => value)).toEqual(['m-1', 'm-2'])
    expect(asked).toEqual(['?cursor=c0&limit=7', '?cursor=c1&limit=7', '?cursor=c2&limit=7'])
  })

  it('ends a list that does not go on', async () => {
    service.reply = () => Response.json({ bans: [], cursor: 'same' })
    const error = await failureOf(all(operators.bans()))
    expect(error).toMatchObject({ code: 'unexpected_answer' })
    expect(error.detail).toContain('the list does not advance')
  })

  it('keeps members that this version does not know', async () => {
    const banned = { kind: 'image', value: 'm-1' } as const
    service.reply = async (_, real) => {
      const body = (await (await real()).json()) as object
      return Response.json({ ...body, expires_at: 7 })
    }
    expect(await operators.ban(banned, 'r')).toMatchObject({ ...banned, expires_at: 7 })
  })

  it('signs a token of its own for each try, for that call alone', async () => {
    const tokens: string[] = []
    service.reply = inTurn('', ...Array<Reply>(2).fill(status(503)))
    const { reply } = service
    service.reply = (request, real) => {
      tokens.push(request.headers.get('Authorization')?.slice(7) ?? '')
      return reply(request, real)
    }
    await operators.show(name)
    const claims = tokens.map(claimsOf)
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(3)
    const path = `/v1/admin/instances/${name.account}/${name.region}/${name.instance}`
    for (const it of claims) {
      expect(it).toMatchObject({ aud: ISSUER, sub: 'alice', htm: 'GET', htu: ISSUER + path })
      expect(Number(it['exp']) - Number(it['iat'])).toBe(60)
    }
  })

  it('names the operator by its option, or by the name in the key, and requires one of them', async () => {
    const unnamed = await parsePrivateKey(await generateSigningKeys('ES256'))
    expect(() => clientWith({ key: unnamed })).toThrow(TypeError)
    expect(() => clientWith({ issuer: 'http://a.example' })).toThrow(RangeError)
    for (const operator of ['', 'a b', 'é', 'a'.repeat(129)]) {
      expect(() => clientWith({ operator })).toThrow(RangeError)
    }
    const error = await failureOf(clientWith({ operator: 'bob' }).show(name))
    expect(error).toMatchObject({ code: 'operator_refused', status: 401 })
    expect(error.detail).toContain('The key has a name')
  })
})

describe('createOperatorClient()', () => {
  it.each([{ retries: -1 }, { retries: Number.NaN }, { retries: 1.5 }, { timeoutSeconds: -1 }])(
    'refuses %j',
    (options) => {
      expect(() => clientWith(options)).toThrow(RangeError)
    },
  )
})

const CHECK = /^check the address and the proxies in front of the service$/

const json =
  (body: string): Reply =>
  () =>
    new Response(body, { headers: { 'Content-Type': 'application/json' } })

/** What the service answers, and the error that it becomes. */
const FAILURES: readonly (readonly [
  what: string,
  reply: Reply,
  code: ClientErrorCode,
  tries: number,
  remedy: RegExp,
])[] = [
  ['nobody', disconnected, 'unreachable', 3, /^is it running/],
  ['429', refusing('rate_limited'), 'unavailable', 3, /^Tried 3 times; try again later$/],
  ['503', refusing('unavailable'), 'unavailable', 3, /^Tried 3 times; try again later$/],
  [
    '500',
    refusing('internal_error'),
    'unavailable',
    3,
    /^Tried 3 times; the log of the service has the cause/,
  ],
  ...[307, 401, 403, 404, 409, 413, 501, 502].map(
    (code) => [`${code} of another server`, status(code), 'foreign_answer', 3, CHECK] as const,
  ),
  ['a page of HTML', () => htmlPage(200), 'foreign_answer', 3, CHECK],
  [
    'a problem document without its content type',
    () => Response.json({ code: 'not_found', status: 404 }, { status: 404 }),
    'foreign_answer',
    3,
    CHECK,
  ],
  ['401', refusing('invalid_token'), 'operator_refused', 1, /must hold the public key [\w-]{43}\n/],
  ['400', refusing('invalid_request'), 'request_refused', 1, /^$/],
  ['413', refusing('payload_too_large'), 'request_refused', 1, /^Shorten what is sent$/],
  ['405', refusing('method_not_allowed'), 'unexpected_answer', 1, /different versions/],
  ['415', refusing('unsupported_media_type'), 'unexpected_answer', 1, /different versions/],
  [
    '404 of a service that knows no such instance',
    refusing('not_found', { title: 'The service knows no such instance' }),
    'not_found',
    1,
    /^Check the account, the region and the id of the instance$/,
  ],
  [
    '404 of a service without calls of operators',
    refusing('not_found'),
    'no_operator_calls',
    1,
    /set ROLLCALL_ADMIN_KEYS there/,
  ],
  [
    'a key without the scope',
    refusing('insufficient_scope', { scope: 'read' }),
    'scope_missing',
    1,
    /^This call needs a key with the scope "read"/,
  ],
  ['no JSON', json('<html>'), 'unexpected_answer', 1, /a rollcall\s+service/],
  ['nothing', json(''), 'unexpected_answer', 1, /of the same version/],
  ['another shape', () => Response.json({ a: 1 }), 'unexpected_answer', 1, /same version/],
]

describe('an answer that an operator did not hope for', () => {
  it.each(FAILURES)('%s', async (_, reply, code, tries, remedy) => {
    service.reply = reply
    const before = service.requests.length
    const error = await failureOf(clientWith({ retries: 2 }).show(name))
    expect(error.code).toBe(code)
    expect(error.remedy ?? '').toMatch(remedy)
    expect(service.requests.length - before).toBe(tries)
    expect(retries).toHaveLength(tries - 1)
  })

  it('400 says what the service says, and no more', async () => {
    const error = await failureOf(all(operators.instances({ cursor: 'none' })))
    expect(error).toMatchObject({ code: 'request_refused', status: 400, remedy: undefined })
    expect(error.message).toContain('The cursor did not come from this list')
  })

  it('says where the answer has another shape', async () => {
    service.reply = () => Response.json({ instances: [{ owner_account_id: 7 }] })
    const { detail } = await failureOf(all(operators.instances()))
    expect(detail).toContain('(instances.0.owner_account_id: expected a string)')
  })

  it('waits as Retry-After asks, and up to twice as long with each try', async () => {
    const late = new Date(60_000).toUTCString()
    const now = new Date(50_000).toUTCString()
    const asking = status(503, { 'Retry-After': late, Date: now })
    service.reply = inTurn('', status(503), status(503), asking)
    await operators.show(name)
    expect(service.timing.waits).toEqual([0.5, 1, 12])
  })

  it.each([
    [400, 'behind'],
    [-400, 'ahead of'],
  ])('says so when the clock of the service is %i s off', async (offset, direction) => {
    const date = new Date((service.timing.now() + offset) * 1000).toUTCString()
    service.reply = refusing('invalid_token', { headers: { Date: date } })
    const { remedy } = await failureOf(operators.show(name))
    expect(remedy).toMatch(
      new RegExp(`the clock of this machine is (?:399|40[01]) s ${direction} the service's`),
    )
  })

  it('says what may have happened when the answer of a first try was lost', async () => {
    const lose: Reply = async (_, real) => {
      await real()
      return new Response(null, { status: 502 })
    }
    service.reply = inTurn('', lose)
    const gone = { ...name, instance: 'i-none' }
    expect((await failureOf(operators.forget(gone))).remedy).toContain('An earlier try')
    expect((await failureOf(operators.forget(gone))).remedy).not.toContain('An earlier try')
  })

  it('is not taken for a revocation if another server answers 200', async () => {
    for (const reply of [() => htmlPage(200), status(200), json('')]) {
      service.reply = reply
      const error = await failureOf(clientWith({ retries: 0 }).revokeToken({ token }))
      expect(error.code).toBe('foreign_answer')
    }
    service.reply = () => undefined
    expect(await operators.introspect(token)).toMatchObject({ active: true })
  })

  it('that another server gives is described by status, type, server and where it leads', async () => {
    const headers = { Server: 'edge\u0085', Location: `https://login.example/${'x'.repeat(300)}` }
    service.reply = () => htmlPage(302, headers)
    const { detail, message } = await failureOf(clientWith({ retries: 0 }).show(name))
    expect(detail).toMatch(
      /^something else answers at https:\/\/localhost: 302 text\/html, server edge\\u0085, it leads to https:\/\/login\.example\/x{178}, tried 1 time$/,
    )
    expect(message).not.toContain('front</body>')
  })

  it('that is without end is not read to its end', async () => {
    let sent = 0
    service.reply = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += 65_536
            controller.enqueue(new Uint8Array(65_536))
          },
        }),
      )
    const error = await failureOf(clientWith({ retries: 0 }).show(name))
    expect(error).toMatchObject({ code: 'unreachable' })
    expect(error.detail).toContain('the answer is longer than 4096 KiB')
    expect(sent).toBeLessThan(5_000_000)
  })

  it('ends with the reason of the signal', async () => {
    const controller = new AbortController()
    service.reply = () => {
      controller.abort(new Error('stopped'))
      return new Promise(() => undefined)
    }
    const { signal } = controller
    await expect(clientWith({ signal }).show(name)).rejects.toThrow('stopped')
  })
})
