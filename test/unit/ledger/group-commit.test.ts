// Group commit over a database that is a map with transactions. `test/system/ledger/sqlite-groups.test.ts` has the
// real one.

import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  GROUP_SIZE,
  type GroupDatabase,
  type GroupOptions,
  createGroupCommit,
} from '../../../src/ledger/group-commit.ts'
import { createFastTiming } from '../../support/fast-timing.ts'

const BUSY = new Error('locked')

/** What fails next, and how often: methods that throw an error before they do anything. */
type Failures = Partial<Record<'open' | 'begin' | 'commit' | 'rollback', Error[]>>

const createFakeDatabase = (failures: Failures = {}) => {
  const events: string[] = []
  let stored = new Map<string, string>()
  let changed: Map<string, string> | undefined
  let leavesAt: string | undefined

  const step = (name: keyof Failures): void => {
    const error = failures[name]?.shift()
    events.push(error === undefined ? name : `${name} fails`)
    if (error !== undefined) throw error
  }
  const entries = {
    get: (key: string) => (changed ?? stored).get(key),
    set: (key: string, value: string) => {
      events.push(`set ${key}`)
      ;(changed ?? stored).set(key, value)
      if (key === leavesAt) changed = undefined
    },
  }
  const database: GroupDatabase<typeof entries> = {
    open: () => {
      if (failures.open !== undefined) step('open')
      return entries
    },
    begin: () => {
      step('begin')
      if (changed !== undefined) throw new Error('a transaction within a transaction')
      changed = new Map(stored)
    },
    commit: () => {
      step('commit')
      if (changed === undefined) throw new Error('no transaction')
      stored = changed
      changed = undefined
    },
    rollback: () => {
      step('rollback')
      changed = undefined
    },
    inTransaction: () => changed !== undefined,
    isBusy: (error) => error === BUSY,
    failed: (cause) => {
      events.push('failed')
      return new Error('unavailable', { cause })
    },
  }
  return {
    database,
    events,
    stored: () => Object.fromEntries(stored),
    /** The database ends the transaction itself when this key is stored, and throws nothing. */
    leaveAt: (key: string | undefined) => (leavesAt = key),
  }
}

const createGroups = (failures: Failures = {}, options: Omit<GroupOptions, 'timing'> = {}) => {
  const fake = createFakeDatabase(failures)
  const timing = createFastTiming()
  const group = createGroupCommit(fake.database, { timing, ...options })
  const note = async (name: string, answer: Promise<unknown>): Promise<unknown> => {
    const [{ status, ...rest }] = await Promise.allSettled([answer])
    fake.events.push(`${name} ${status}`)
    return 'value' in rest ? rest.value : (rest.reason as Error).message
  }
  /** Stores a key that is its own value. */
  const set = (key: string) =>
    note(
      key,
      group.write((entries) => {
        entries.set(key, key)
        return `stored ${key}`
      }),
    )
  const get = (key: string) =>
    note(
      `read ${key}`,
      group.read((entries) => entries.get(key)),
    )
  return { ...fake, group, timing, set, get }
}

describe('createGroupCommit()', () => {
  it('gives the operations that wait one transaction, and each its own outcome, in order', async () => {
    const { set, get, events, stored } = createGroups()
    const answers = await Promise.all([set('a'), get('a'), set('b'), get('none')])
    expect(answers).toEqual(['stored a', 'a', 'stored b', undefined])
    expect(events).toEqual([
      'begin',
      'set a',
      'set b',
      'commit',
      'a fulfilled',
      'read a fulfilled',
      'b fulfilled',
      'read none fulfilled',
    ])
    expect(stored()).toEqual({ a: 'a', b: 'b' })
  })

  it('takes in what arrives in the same turn of the event loop', async () => {
    const { set, events } = createGroups()
    const first = set('a')
    await Promise.resolve()
    const second = Promise.resolve().then(() => set('b'))
    await Promise.all([first, second])
    expect(events.filter((event) => event === 'begin')).toHaveLength(1)
  })

  it('begins no transaction for reads alone', async () => {
    const { set, get, events } = createGroups()
    await set('a')
    events.length = 0
    expect(await Promise.all([get('a'), get('a')])).toEqual(['a', 'a'])
    expect(events).toEqual(['read a fulfilled', 'read a fulfilled'])
  })

  it('has one winner of many that compare and set one key at once', async () => {
    const { group, stored } = createGroups()
    const swaps = await Promise.all(
      Array.from({ length: 300 }, (_, racer) =>
        group.write((entries) => {
          const isFree = entries.get('key') === undefined
          if (isFree) entries.set('key', String(racer))
          return isFree
        }),
      ),
    )
    expect(swaps.filter(Boolean)).toHaveLength(1)
    expect(stored()).toEqual({ key: String(swaps.indexOf(true)) })
  })

  it('has so many operations in a group at most, the rest in later turns and in order', async () => {
    const { set, events } = createGroups({}, { size: 2 })
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map(set))
    const groups = events.filter((event) => !event.endsWith('fulfilled')).join(' ')
    expect(groups).toBe('begin set a set b commit begin set c set d commit begin set e commit')
    const { set: setMany, events: many } = createGroups()
    await Promise.all(Array.from({ length: GROUP_SIZE + 1 }, (_, i) => setMany(String(i))))
    expect(many.filter((event) => event === 'commit')).toHaveLength(2)
  })

  it('lets the event loop turn between two groups', async () => {
    const { set, events } = createGroups({}, { size: 1 })
    const both = Promise.all([set('a'), set('b')])
    await setImmediate()
    expect(events).toContain('a fulfilled')
    expect(events).not.toContain('set b')
    await both
  })

  describe('if COMMIT fails', () => {
    it('fails all of the group, reads included, and stores nothing', async () => {
      const { set, get, events, stored } = createGroups({ commit: [new Error('disk')] })
      const answers = await Promise.all([set('a'), get('a'), set('b')])
      expect(answers).toEqual(['unavailable', 'unavailable', 'unavailable'])
      expect(stored()).toEqual({})
      const steps = events.slice(0, 6)
      expect(steps).toEqual(['begin', 'set a', 'set b', 'commit fails', 'rollback', 'failed'])
      expect(await set('c')).toBe('stored c')
      expect(stored()).toEqual({ c: 'c' })
    })

    it('runs the group again if that was for a lock', async () => {
      const { set, events, stored } = createGroups({ commit: [BUSY] })
      expect(await Promise.all([set('a'), set('b')])).toEqual(['stored a', 'stored b'])
      expect(events).not.toContain('failed')
      expect(events.filter((event) => event === 'begin')).toHaveLength(2)
      expect(stored()).toEqual({ a: 'a', b: 'b' })
    })

    it('fails all, and does not run them again, if the transaction cannot be rolled back', async () => {
      const failures = { commit: [BUSY], rollback: [new Error('broken')] }
      const { set, events, stored } = createGroups(failures)
      expect(await Promise.all([set('a'), set('b')])).toEqual(['unavailable', 'unavailable'])
      expect(events.filter((event) => event === 'failed')).toHaveLength(1)
      expect(stored()).toEqual({})
    })
  })

  it('fails all, and runs no more of the group, if the database ends the transaction itself', async () => {
    const { set, events, stored, leaveAt } = createGroups()
    leaveAt('b')
    const answers = await Promise.all([set('a'), set('b'), set('c')])
    expect(answers).toEqual(['unavailable', 'unavailable', 'unavailable'])
    expect(events.slice(0, 4)).toEqual(['begin', 'set a', 'set b', 'failed'])
    expect(stored()).toEqual({})
    leaveAt(undefined)
    expect(await set('d')).toBe('stored d')
  })

  it('fails the whole group if one operation throws, and stores nothing of it', async () => {
    const { set, group, stored } = createGroups()
    const broken = group.write(() => {
      throw new Error('constraint')
    })
    const [before, wrong, behind] = await Promise.allSettled([set('a'), broken, set('b')])
    expect([before, behind]).toMatchObject([{ value: 'unavailable' }, { value: 'unavailable' }])
    expect(wrong).toMatchObject({ reason: { message: 'unavailable' } })
    expect(stored()).toEqual({})
  })

  it('fails all if the database does not open, and opens it again for the next', async () => {
    const { set, get } = createGroups({ open: [new Error('no folder')] })
    expect(await Promise.all([set('a'), get('a')])).toEqual(['unavailable', 'unavailable'])
    expect(await set('a')).toBe('stored a')
  })

  describe('while another process holds the lock', () => {
    it('tries the whole group again, in order, with what has arrived meanwhile', async () => {
      const { set, events, timing } = createGroups({ begin: [BUSY, BUSY] })
      const waiting = [set('a'), set('b')]
      await setImmediate()
      expect(await Promise.all([...waiting, set('c')])).toEqual([
        'stored a',
        'stored b',
        'stored c',
      ])
      expect(events.slice(0, 7).join()).toBe(
        'begin fails,begin fails,begin,set a,set b,set c,commit',
      )
      expect(timing.waits).toHaveLength(2)
      for (const seconds of timing.waits) expect(seconds).toBeLessThanOrEqual(0.003)
    })

    it('answers reads with what is stored, also those behind many writes', async () => {
      const failures = { begin: Array.from({ length: 5 }, () => BUSY) }
      const { set, get, events } = createGroups(failures, { size: 2 })
      const answers = await Promise.all([set('a'), set('b'), set('c'), get('a')])
      expect(answers.at(-1)).toBeUndefined()
      expect(events.slice(0, 2)).toEqual(['begin fails', 'read a fulfilled'])
    })

    it('fails after two seconds what has waited so long, and nothing else', async () => {
      const { set, events, timing } = createGroups({
        begin: Array.from({ length: 3_000 }, () => BUSY),
      })
      const early = set('a')
      while (timing.waits.length < 300) await setImmediate()
      const late = set('b')
      expect(await early).toBe('unavailable')
      expect(events).not.toContain('b rejected')
      expect(await late).toBe('unavailable')
    })
  })

  describe('drain()', () => {
    it('runs at once what waits', async () => {
      const { set, group, stored } = createGroups({}, { size: 2 })
      const all = Promise.all(['a', 'b', 'c'].map(set))
      group.drain()
      expect(stored()).toEqual({ a: 'a', b: 'b', c: 'c' })
      expect(await all).toEqual(['stored a', 'stored b', 'stored c'])
    })

    it('fails what would have to wait for another process', async () => {
      const { set, group, stored } = createGroups({ begin: [BUSY] })
      const answer = set('a')
      group.drain()
      expect(await answer).toBe('unavailable')
      expect(stored()).toEqual({})
    })
  })
})
