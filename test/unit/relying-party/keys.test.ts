// Keys that are kept: when they are fetched, and how long they are used while the issuer does not answer.

import { beforeAll, describe, expect, it } from 'vitest'
import { type Result, accept, refuse } from '../../../src/base/result.ts'
import { createKeySource } from '../../../src/relying-party/keys.ts'
import type { NoKeys } from '../../../src/relying-party/discovery.ts'
import { type PublicKey, loadPublicKey } from '../../../src/token/public-key.ts'
import { makeKey } from '../../cases/state/independent-jws.ts'
import { createTestTimers, createTestTiming } from '../../support/timing.ts'

let old: readonly PublicKey[]
let young: readonly PublicKey[]
const keySet = async (): Promise<readonly PublicKey[]> => {
  const loaded = await loadPublicKey((await makeKey()).jwk)
  if (!loaded.ok) throw new Error(loaded.refusal)
  return [loaded.value]
}
beforeAll(async () => {
  ;[old, young] = [await keySet(), await keySet()]
})

const DOWN = refuse({ detail: 'down' })

const open = (staleSeconds = 3600) => {
  const timing = createTestTiming()
  const timers = createTestTimers()
  const state: { answer: Result<readonly PublicKey[], NoKeys>; fetches: number; hangs: boolean } = {
    answer: accept(old),
    fetches: 0,
    hangs: false,
  }
  const hanging: (() => void)[] = []
  const source = createKeySource({
    fetchKeys: async () => {
      state.fetches += 1
      const { answer } = state
      if (state.hangs) await new Promise<void>((resolve) => hanging.push(resolve))
      return answer
    },
    staleSeconds,
    clocks: timing,
    timer: timers.timer,
  })
  return { source, state, timing, timers, hanging }
}

describe('createKeySource()', () => {
  it('fetches nothing before the first token, and once for fifty that come together', async () => {
    const { source, state } = open()
    expect(state.fetches).toBe(0)
    const found = await Promise.all(Array.from({ length: 50 }, () => source.current()))
    expect(found).toEqual(Array(50).fill(accept(old)))
    expect(state.fetches).toBe(1)
  })

  it('uses keys for 300 s, and fetches them again after that', async () => {
    const { source, state, timing } = open()
    await source.current()
    state.answer = accept(young)
    timing.pass(299)
    expect(await source.current()).toEqual(accept(old))
    timing.pass(1)
    expect(await source.current()).toEqual(accept(young))
    expect(state.fetches).toBe(2)
  })

  it('fetches them again for an unknown key, at most every 30 s', async () => {
    const { source, state, timing } = open()
    await source.current()
    state.answer = accept(young)
    timing.pass(29)
    expect(await source.renewed()).toEqual(accept(old))
    timing.pass(1)
    const found = await Promise.all(Array.from({ length: 50 }, () => source.renewed()))
    expect(found).toEqual(Array(50).fill(accept(young)))
    expect(state.fetches).toBe(2)
  })

  it.each([
    [3600, 3600],
    [600, 600],
    // What is fresh is used anyway.
    [0, 300],
    [299, 300],
  ])('with staleSeconds %i uses keys %i s old while the issuer is down', async (stale, age) => {
    const { source, state, timing } = open(stale)
    await source.current()
    state.answer = DOWN
    timing.pass(age)
    expect(await source.current()).toEqual(accept(old))
    timing.pass(1)
    expect(await source.current()).toEqual(DOWN)
    state.answer = accept(young)
    timing.pass(1)
    expect(await source.current()).toEqual(accept(young))
  })

  it('while the issuer is down, calls it every 30 s, and says of an unknown key that it may exist', async () => {
    const { source, state, timing } = open()
    await source.current()
    state.answer = DOWN
    timing.pass(300)
    for (let second = 0; second < 60; second++) {
      expect(await source.current()).toEqual(accept(old))
      expect(await source.renewed()).toEqual(DOWN)
      timing.pass(1)
    }
    expect(state.fetches).toBe(3)
  })

  it('while there have never been keys, says why, and calls the issuer once a second', async () => {
    const { source, state, timing } = open()
    state.answer = DOWN
    for (let call = 0; call < 10; call++) expect(await source.current()).toEqual(DOWN)
    expect(state.fetches).toBe(1)
    timing.pass(1)
    state.answer = accept(old)
    expect(await source.current()).toEqual(accept(old))
  })

  it('lets one caller wait for an issuer that was down before, and the others use the keys that there are', async () => {
    const { source, state, timing, hanging } = open()
    await source.current()
    state.answer = DOWN
    timing.pass(300)
    await source.current()
    timing.pass(30)
    state.hangs = true
    const waits = source.current()
    expect(await source.current()).toEqual(accept(old))
    hanging[0]?.()
    expect(await waits).toEqual(accept(old))
    expect(state.fetches).toBe(3)
  })

  it('gives a fetch up that never ends; the next caller begins another one', async () => {
    const { source, state, timing, timers } = open()
    state.hangs = true
    const first = source.current()
    await Promise.resolve()
    expect(timers.running()).toEqual([6])
    timers.goOff()
    expect(await first).toMatchObject({ refusal: { detail: 'the call of the issuer did not end' } })
    state.hangs = false
    timing.pass(1)
    expect(await source.current()).toEqual(accept(old))
  })

  it('drops the keys of a fetch that was given up, if a later one has answered', async () => {
    const { source, state, timing, timers, hanging } = open()
    state.hangs = true
    const first = source.current()
    await Promise.resolve()
    timers.goOff()
    await first
    state.hangs = false
    state.answer = accept(young)
    timing.pass(1)
    await source.current()
    hanging[0]?.()
    await new Promise((resolve) => setImmediate(resolve))
    expect(await source.current()).toEqual(accept(young))
  })

  it.each<[string, 'now' | 'elapsed']>([
    ['somebody sets the wall clock back', 'now'],
    ['the machine sleeps, and the other clock stands still', 'elapsed'],
  ])('lets keys become old while %s', async (_, stopped) => {
    const timing = createTestTiming()
    const [stays, at] = [stopped, timing[stopped]()]
    let fetches = 0
    const source = createKeySource({
      fetchKeys: async () => {
        fetches += 1
        return accept(old)
      },
      staleSeconds: 0,
      clocks: { now: timing.now, elapsed: timing.elapsed, [stays]: () => at },
    })
    await source.current()
    timing.pass(300)
    await source.current()
    expect(fetches).toBe(2)
  })
})
