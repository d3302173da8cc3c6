// What a Worker does while its isolate starts: it reads its configuration then, and logs nothing before a request.

import { expect, it } from 'vitest'
import { type Bindings, createWorker } from '../../../functions/create-worker.ts'
import type { ObjectStub } from '../../../src/ledger/durable-object.ts'
import { usualVariables } from '../../support/start-service.ts'
import { sharedTestCloud } from '../../support/test-cloud.ts'

const ISSUER = 'https://rollcall.test'

/** The bindings of a Worker whose objects nobody asks. */
const bindings = async (changes: Record<string, string> = {}): Promise<Bindings> => ({
  ...(await usualVariables(await sharedTestCloud())),
  ROLLCALL_ISSUER: ISSUER,
  ...changes,
  LEDGER: {
    idFromName: (name) => name,
    get(): ObjectStub {
      throw new Error('no object is asked here')
    },
  },
})

/** Makes a Worker. @returns it, and what it has logged */
const start = (env: Bindings) => {
  const log: string[] = []
  return { worker: createWorker(env, (line) => void log.push(line)), log }
}

const health = (worker: ReturnType<typeof createWorker>): Promise<Response> =>
  worker.fetch(new Request(`${ISSUER}/healthz`))

/** The start is over long before. */
const untilStarted = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_000))

it('has read its configuration before the first request', async () => {
  const env = await bindings()
  const { worker } = start(env)
  await untilStarted()
  for (const name of Object.keys(env)) delete (env as Record<string, unknown>)[name]
  expect(await (await health(worker)).json()).toEqual({ status: 'ok' })
})

it('logs the warnings of its start at the first request, and once', async () => {
  const { worker, log } = start(await bindings())
  await untilStarted()
  expect(log).toEqual([])
  for (let i = 0; i < 2; i++) await health(worker)
  expect(log).toEqual([expect.stringMatching(/^warning: ROLLCALL_TRUST_ANCHORS: 1 certificate/)])
})

it('answers 503 on a bad configuration, and logs why at the first request', async () => {
  const { worker, log } = start(await bindings({ ROLLCALL_ISSUER: `${ISSUER}/` }))
  await untilStarted()
  expect(log).toEqual([])
  for (let i = 0; i < 2; i++) expect((await health(worker)).status).toBe(503)
  expect(log).toEqual([expect.stringMatching(/ROLLCALL_ISSUER: .*slash/)])
})

it('is made at the first request if something was forbidden at the start', async () => {
  const env = await bindings()
  const policy = env['ROLLCALL_POLICY']
  let reads = 0
  Object.defineProperty(env, 'ROLLCALL_POLICY', {
    enumerable: true,
    get() {
      if (reads++ === 0) throw new Error('Disallowed operation called within global scope')
      return policy
    },
  })
  const { worker, log } = start(env)
  await untilStarted()
  expect(reads).toBe(1)
  for (let i = 0; i < 2; i++) expect((await health(worker)).status).toBe(200)
  expect(log).toEqual([expect.stringMatching(/^warning: ROLLCALL_TRUST_ANCHORS: 1 certificate/)])
})

it('answers 503 while it cannot be made, logs no detail, and tries once for all requests of a time', async () => {
  const env = await bindings()
  const policy = env['ROLLCALL_POLICY']
  let reads = 0
  let isBroken = true
  Object.defineProperty(env, 'ROLLCALL_POLICY', {
    enumerable: true,
    get() {
      reads++
      if (isBroken) throw new Error('secret')
      return policy
    },
  })
  const { worker, log } = start(env)
  await untilStarted()
  const statuses = async (): Promise<Set<number>> => {
    const answers = await Promise.all(Array.from({ length: 100 }, async () => health(worker)))
    return new Set(answers.map(({ status }) => status))
  }
  reads = 0
  expect(await statuses()).toEqual(new Set([503]))
  expect(await statuses()).toEqual(new Set([503]))
  expect(reads).toBe(2)
  isBroken = false
  expect(await statuses()).toEqual(new Set([200]))
  expect(log).toEqual([
    'the service cannot start',
    expect.stringMatching(/^warning: ROLLCALL_TRUST_ANCHORS: 1 certificate/),
  ])
})
