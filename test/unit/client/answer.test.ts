// What an answer is taken for: by its content type, its code and its status together.

import { describe, expect, it } from 'vitest'
import {
  type Failure,
  type Reading,
  describeFailure,
  mayPass,
  readingOf,
} from '../../../src/client/answer.ts'
import { PROBLEMS, type ProblemCode } from '../../../src/http/problems.ts'
import { htmlPage, problem } from '../../support/problem.ts'

/** @param mediaType null: the call asks for no answer */
const read = async (response: Response, mediaType: string | null = 'application/json') => {
  const { status, headers } = response
  const answer = { status, headers, text: await response.text() }
  return readingOf({ ok: true, value: answer }, mediaType ?? undefined)
}

/** A problem document with members of its own. */
const document = (status: number, members: object, type = 'application/problem+json'): Response =>
  new Response(JSON.stringify(members), { status, headers: { 'Content-Type': type } })

const failure = (reading: Reading): Failure => {
  if (reading.kind === 'expected') throw new Error('expected a failure')
  return reading
}

const REFUSED = { code: 'not_admitted', status: 403, title: 't', request_id: 'r' }

describe('readingOf()', () => {
  it.each(Object.keys(PROBLEMS) as ProblemCode[])('knows %s', async (code) => {
    const reading = await read(problem(code, { title: 'so', requestId: 'r-2' }))
    expect(reading).toMatchObject({
      kind: 'problem',
      problem: { code, title: 'so', requestId: 'r-2' },
    })
    const passes = ['rate_limited', 'unavailable', 'internal_error', 'request_timeout']
    expect(mayPass(failure(reading))).toBe(passes.includes(code))
  })

  it.each(['application/problem+json; charset=utf-8', 'Application/Problem+JSON'])(
    'takes the content type %s for a problem document',
    async (type) => {
      expect((await read(document(403, REFUSED, type))).kind).toBe('problem')
    },
  )

  it.each<[string, Response]>([
    ['a page', htmlPage(403)],
    ['a redirect', htmlPage(301, { Location: 'https://a.example/' })],
    ['a page with status 200', htmlPage(200)],
    ['nothing', new Response(null, { status: 503 })],
    ['a code that is not known', document(403, { ...REFUSED, code: 'forbidden' })],
    ['a code of the prototype', document(403, { ...REFUSED, code: 'constructor' })],
    ['no code', document(403, { ...REFUSED, code: undefined })],
    ['the status of another answer', document(404, REFUSED)],
    ['a status in quotation marks', document(403, { ...REFUSED, status: '403' })],
    ['a list', document(403, [REFUSED])],
    ['null', new Response('null', { headers: { 'Content-Type': 'application/problem+json' } })],
    ['a problem as application/json', document(403, REFUSED, 'application/json')],
    ['a problem as text', document(403, REFUSED, 'text/plain')],
    ['JSON with status 201', document(201, {}, 'application/json')],
    ['JSON without a content type', new Response(new TextEncoder().encode('{}'))],
  ])('takes %s for the answer of something else, which may pass', async (_, response) => {
    const reading = await read(response)
    expect(reading.kind).toBe('foreign')
    expect(mayPass(failure(reading))).toBe(true)
  })

  it('drops a reason that is not known', async () => {
    const known = await read(document(403, { ...REFUSED, reason: 'key_required' }))
    expect(known).toMatchObject({ problem: { reason: 'key_required' } })
    const unknown = await read(document(403, { ...REFUSED, reason: 'full_moon' }))
    expect(unknown).toMatchObject({ kind: 'problem', problem: { reason: undefined } })
  })

  it('knows an answer without a body by the header with the id of the request', async () => {
    const headers = { 'X-Request-Id': 'r-1' }
    expect((await read(new Response('', { headers }), null)).kind).toBe('expected')
    expect((await read(new Response(''), null)).kind).toBe('foreign')
    expect((await read(new Response('<html>', { headers }), null)).kind).toBe('foreign')
  })
})

describe('describeFailure()', () => {
  it.each([
    [htmlPage(403, { Server: 'cloudflare' }), '403 text/html, server cloudflare'],
    [htmlPage(404), '404 text/html'],
    [
      htmlPage(301, { Location: 'https://www.a.example/', Server: 'nginx/1.22' }),
      '301 text/html, server nginx/1.22, it leads to https://www.a.example/',
    ],
    [htmlPage(200, { Location: 'https://www.a.example/' }), '200 text/html'],
    [new Response(null, { status: 502 }), '502'],
  ])('tells of another server what its head says: %#', async (response, what) => {
    const reading = failure(await read(response))
    expect(describeFailure(reading)).toBe(`something else answers: ${what}`)
    expect(describeFailure(reading, 'https://a.example')).toBe(
      `something else answers at https://a.example: ${what}`,
    )
  })

  it('shows a long header cut, and no control characters', async () => {
    const headers = { Server: `\u0085${'s'.repeat(5000)}` }
    const text = describeFailure(failure(await read(htmlPage(500, headers))))
    expect(text).toHaveLength('something else answers: 500 text/html, server '.length + 200)
    expect(text).toContain('\\u0085s')
  })

  it('leaves out a title and a request id that are too long', async () => {
    const members = { ...REFUSED, title: 't'.repeat(301), request_id: 'r'.repeat(65) }
    expect(describeFailure(failure(await read(document(403, members))))).toBe(
      'the service answered 403',
    )
  })
})
