// A lock between processes: one holder at a time, none for ever, and no lock where none can be made.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import type { Cleanup } from '../../../src/cli/cleanup.ts'
import { withLock } from '../../../src/cli/file-lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-lock-'))
afterAll(() => rmSync(folder, { recursive: true }))

const cleanup: Cleanup = { add: (undo) => undo }

/** A clock that waits move. @param onWait is called at each */
const clock = (onWait: (at: number) => void = () => undefined) => {
  let at = 0
  return {
    elapsed: () => at,
    wait: async (seconds: number) => {
      at += seconds
      onWait(at)
      await setImmediate()
    },
  }
}

describe('withLock()', () => {
  it('lets one at a time work, and leaves nothing behind', async () => {
    const path = join(folder, 'one')
    let inside = 0
    let most = 0
    let waits = 0
    const work = async (): Promise<void> => {
      inside++
      most = Math.max(most, inside)
      await sleep(5)
      inside--
    }
    const take = (): Promise<void> => withLock(path, { cleanup, onWait: () => void waits++ }, work)
    await Promise.all([take(), take(), take()])
    expect({ most, inside, waits }).toEqual({ most: 1, inside: 0, waits: 2 })
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  it('returns what the work returns, and is free again after an error', async () => {
    const path = join(folder, 'error')
    const failing = withLock(path, { cleanup }, async () => {
      throw new Error('the work failed')
    })
    await expect(failing).rejects.toThrow('the work failed')
    expect(await withLock(path, { cleanup }, async () => 7)).toBe(7)
  })

  it('takes a lock that nobody has touched for ten seconds', async () => {
    const path = join(folder, 'stale')
    writeFileSync(`${path}.lock`, '')
    const timing = clock()
    expect(await withLock(path, { cleanup, timing }, async () => timing.elapsed())).toBeCloseTo(
      10.3,
      0,
    )
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  it('waits as long as the holder touches its lock', async () => {
    const path = join(folder, 'alive')
    const lock = `${path}.lock`
    writeFileSync(lock, '')
    const timing = clock((at) => {
      if (at > 50) rmSync(lock, { force: true })
      else if (Math.round(at * 10) % 50 === 0) utimesSync(lock, at, at)
    })
    expect(await withLock(path, { cleanup, timing }, async () => timing.elapsed())).toBeGreaterThan(
      50,
    )
  })

  it('takes a link that leads nowhere, or to a file that somebody touches, as any other lock', async () => {
    const busy = join(folder, 'busy')
    for (const [at, target] of [join(folder, 'nowhere'), busy].entries()) {
      const path = join(folder, `link-${at}`)
      const lock = `${path}.lock`
      symlinkSync(target, lock)
      if (target === busy) writeFileSync(busy, '')
      const timing = clock((now) => {
        if (target === busy) utimesSync(busy, now, now)
      })
      const held = await withLock(path, { cleanup, timing }, async () => lstatSync(lock).isFile())
      expect(held).toBe(true)
      expect(timing.elapsed()).toBeCloseTo(10.3, 0)
    }
    expect(existsSync(busy)).toBe(true)
    expect(readdirSync(folder).filter((name) => name.startsWith('link-'))).toEqual([])
  })

  it('gives up after a minute if somebody keeps touching the lock, and leaves it', async () => {
    const path = join(folder, 'held')
    const lock = `${path}.lock`
    writeFileSync(lock, '')
    let worked = false
    const timing = clock((at) => utimesSync(lock, at, at))
    const waiting = withLock(path, { cleanup, timing }, async () => {
      worked = true
    })
    await expect(waiting).rejects.toMatchObject({
      status: 5,
      message:
        `another process has held ${lock} for 60 s; ` +
        'if no rollcall command is running, remove that file and run this again',
    })
    expect(timing.elapsed()).toBeCloseTo(60, 0)
    expect({ worked, lock: existsSync(lock) }).toEqual({ worked: false, lock: true })
  })

  it('removes its lock at a signal', async () => {
    const path = join(folder, 'signal')
    const undos: (() => void)[] = []
    const watched: Cleanup = {
      add(undo) {
        undos.push(undo)
        return undo
      },
    }
    await withLock(path, { cleanup: watched }, async () => {
      expect(existsSync(`${path}.lock`)).toBe(true)
      for (const undo of undos) undo()
      expect(existsSync(`${path}.lock`)).toBe(false)
    })
  })

  it('works without a lock beside a file or a folder of this name, and leaves that', async () => {
    const path = join(folder, 'yarn')
    const lock = `${path}.lock`
    for (const make of [() => writeFileSync(lock, 'a list of packages'), () => mkdirSync(lock)]) {
      make()
      const found: string[] = []
      const timing = clock()
      const onOtherFile = (other: string): void => void found.push(other)
      const options = { cleanup, timing, onOtherFile }
      expect(await withLock(path, options, async () => 'done')).toBe('done')
      expect({ found, waited: timing.elapsed() }).toEqual({ found: [lock], waited: 0 })
      expect(readdirSync(folder).filter((name) => name.startsWith('yarn'))).toEqual(['yarn.lock'])
      rmSync(lock, { recursive: true })
    }
  })

  it('works without a lock where none can be made', async () => {
    const path = join(folder, 'no-such-folder', 'file')
    expect(await withLock(path, { cleanup }, async () => 'done')).toBe('done')
  })
})
