// The app as a part of another Hono app: what the other one answers gets the headers of every answer, too.

import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { createApp } from '../../../src/http/app.ts'
import { createTestEnroller } from '../../support/test-enroller.ts'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const { enroller } = await createTestEnroller()
const outer = new Hono()
outer.route('/', createApp({ enroller, audit: () => undefined }))
outer.get('/version', (context) => context.text('1', 200, { 'Cache-Control': 'public' }))

const answerTo = async (path: string) => {
  const response = await outer.request(path)
  const [id = '', ...others] = ['X-Request-Id', 'Cache-Control', 'X-Content-Type-Options'].map(
    (name) => response.headers.get(name) ?? '',
  )
  return { status: response.status, id, others, text: await response.text() }
}

it.each([
  ['its own call', '/healthz', 200, 'no-store', '{"status":"ok"}'],
  ['a call of the other app', '/version', 200, 'public', '1'],
  ['nothing that either knows', '/nothing', 404, 'no-store', '404 Not Found'],
])('createApp() within another app: %s', async (_, path, status, cacheControl, text) => {
  const answer = await answerTo(path)
  expect(answer).toMatchObject({ status, text, others: [cacheControl, 'nosniff'] })
  expect(answer.id).toMatch(UUID)
})

it.each(['/a%20b', '/folder/'])(
  'createApp() within another app leaves %s to a route that was added before it, and to no later one',
  async (path) => {
    const app = createApp({ enroller, audit: () => undefined })
    const first = new Hono().get('*', (context) => context.text('ours')).route('/', app)
    const later = new Hono().route('/', app).get('*', (context) => context.text('ours'))
    expect(await (await first.request(path)).text()).toBe('ours')
    expect((await later.request(path)).status).toBe(404)
  },
)

it('createApp() within another app refuses other spellings and methods of its addresses itself', async () => {
  const spelling = await answerTo('/health%7A')
  expect([spelling.status, spelling.text]).toEqual([404, expect.stringContaining('not_found')])
  const response = await outer.request('/healthz', { method: 'POST' })
  expect([response.status, response.headers.get('Allow')]).toEqual([405, 'GET, HEAD'])
  expect(response.headers.get('X-Request-Id')).toMatch(UUID)
})
