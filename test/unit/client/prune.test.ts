// planPrune() and forgetInstances(): which instances are forgotten, and what becomes of each.

import { describe, expect, it } from 'vitest'
import {
  ClientError,
  type ClientErrorCode,
  type Instance,
  forgetInstances,
  planPrune,
} from '../../../src/client/index.ts'

const PLACE = { account: '1', region: 'cn-hangzhou' }

const instance = (id: string, first?: number, more: Partial<Instance> = {}): Instance => ({
  owner_account_id: PLACE.account,
  region_id: PLACE.region,
  instance_id: id,
  serial_number: 's',
  first_enrolled_at: first,
  last_enrolled_at: first,
  enrollments: 1,
  generation: 0,
  open: false,
  ...more,
})

const listing = (...pages: readonly (readonly Instance[])[]) => ({
  async *instances() {
    for (const items of pages) yield { items, cursor: undefined }
  },
})

describe('planPrune()', () => {
  const living = { ids: new Set(['i-lives']), knowsUntil: 100 }

  it('forgets what the list should know and does not name, and leaves the rest alone', async () => {
    const client = listing(
      [instance('i-lives', 5), instance('i-gone', 5), instance('i-edge', 100)],
      [],
      [
        instance('i-newer', 101),
        instance('i-unknown'),
        instance('i-elsewhere', 5, { region_id: 'cn-shanghai' }),
        instance('i-foreign', 5, { owner_account_id: '2' }),
      ],
    )
    const pages: (readonly number[])[] = []
    const plan = await planPrune(client, PLACE, living, (...told) => pages.push(told))
    expect(plan.gone.map(({ instanceId }) => instanceId)).toEqual(['i-gone', 'i-edge'])
    expect(plan).toMatchObject({ living: 1, newer: 2 })
    expect(pages).toEqual([
      [1, 3],
      [2, 3],
      [3, 5],
    ])
  })

  it('takes the later times of two that share an id, whatever their order', async () => {
    const [old, fresh] = [instance('i-gone', 5), instance('i-gone', 150)]
    for (const page of [
      [old, fresh],
      [fresh, old],
    ]) {
      expect(await planPrune(listing(page), PLACE, living)).toMatchObject({ gone: [], newer: 1 })
    }
  })

  it('leaves alone one of two whose time is not known', async () => {
    const page = [instance('i-gone', 5), instance('i-gone')]
    expect(await planPrune(listing(page), PLACE, living)).toMatchObject({ gone: [], newer: 1 })
  })
})

describe('forgetInstances()', () => {
  const ids = Array.from({ length: 30 }, (_, at) => `i-${at}`)
  const error = (code: ClientErrorCode, status?: number): ClientError =>
    new ClientError(`${code} it is`, { code, status })

  const forgetting = (failing: Readonly<Record<string, unknown>>) => {
    const asked: string[] = []
    return {
      asked,
      async forget({ instance: id }: { readonly instance: string }) {
        asked.push(id)
        await Promise.resolve()
        if (id in failing) throw failing[id]
        return instance(id)
      },
    }
  }

  const count = (outcomes: ReadonlyMap<string, string>, wanted: string): number =>
    [...outcomes.values()].filter((outcome) => outcome === wanted).length

  it('forgets all, each once, and tells how far it is', async () => {
    const client = forgetting({})
    const told: number[] = []
    const onProgress = (done: number): number => told.push(done)
    const { outcomes, failures } = await forgetInstances(client, PLACE, ids, { onProgress })
    expect(count(outcomes, 'forgotten')).toBe(ids.length)
    expect([client.asked.length, failures]).toEqual([ids.length, []])
    expect(told.at(-1)).toBe(ids.length)
  })

  it('takes one that somebody else forgot as gone, and goes on after one that failed', async () => {
    const client = forgetting({ 'i-1': error('not_found', 404), 'i-2': error('unavailable', 500) })
    const { outcomes, failures } = await forgetInstances(client, PLACE, ids)
    expect(outcomes.get('i-1')).toBe('gone')
    expect(outcomes.get('i-2')).toBe('failed')
    expect(count(outcomes, 'forgotten')).toBe(ids.length - 2)
    expect(failures.map(({ code }) => code)).toEqual(['unavailable'])
  })

  it.each<[ClientErrorCode, number | undefined]>([
    ['unreachable', undefined],
    ['operator_refused', 401],
    ['scope_missing', 403],
    ['unavailable', 429],
    ['unavailable', 503],
    ['foreign_answer', 404],
    ['no_operator_calls', 404],
  ])('stops after %s %s, which the next call would meet too', async (code, status) => {
    const client = forgetting(Object.fromEntries(ids.map((id) => [id, error(code, status)])))
    const { outcomes, failures } = await forgetInstances(client, PLACE, ids)
    expect(count(outcomes, 'failed')).toBe(8)
    expect(count(outcomes, 'not_tried')).toBe(ids.length - 8)
    expect(failures).toHaveLength(1)
  })

  it('stops before the next one when its signal is set', async () => {
    const { outcomes } = await forgetInstances(forgetting({}), PLACE, ids, {
      signal: AbortSignal.abort(),
    })
    expect(count(outcomes, 'forgotten')).toBe(8)
    expect(count(outcomes, 'not_tried')).toBe(ids.length - 8)
  })

  it('throws an error that no call causes', async () => {
    const client = forgetting({ 'i-3': new RangeError('a bug') })
    await expect(forgetInstances(client, PLACE, ids)).rejects.toThrow(RangeError)
  })
})
