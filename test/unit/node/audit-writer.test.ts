// The audit writer: which events share a write, what their answers wait for, and the limits that a real reader takes
// long to reach.

import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type WriteBytes, createAuditWriter } from '../../../src/node/audit-writer.ts'
import { inWholeLines } from '../../../src/node/write-all.ts'

const LINE = JSON.stringify({ version: 1, event: 'challenge', request_id: 'x'.repeat(64) })
const CONFIRM_MS = 20
const MAX_WAITING_BYTES = 262_144

/** A standard output whose writes a test lets return, one by one. */
const heldOutput = () => {
  const texts: string[] = []
  const held: { resolve: () => void; reject: (error: Error) => void }[] = []
  const write: WriteBytes = (bytes) => {
    texts.push(new TextDecoder().decode(bytes))
    return new Promise((resolve, reject) => held.push({ resolve, reject }))
  }
  return { texts, write, next: () => held.shift() }
}

/** What has become of promises so far. */
const watch = (promises: readonly Promise<void>[]): string[] => {
  const states = promises.map(() => 'waits')
  for (const [index, promise] of promises.entries()) {
    promise.then(
      () => (states[index] = 'confirmed'),
      () => (states[index] = 'refused'),
    )
  }
  return states
}

describe('createAuditWriter()', () => {
  it('writes the events of one turn of the event loop together, in order', async () => {
    const output = heldOutput()
    const { write } = createAuditWriter({ write: output.write, report: () => undefined })
    const lines = Array.from({ length: 100 }, (_, number) => `{"number":${number},"name":"ä"}`)
    const first = lines.slice(0, 60).map((line) => write(line))
    // Later in the same turn, as the answer of a request that waited for something.
    await Promise.resolve()
    const states = watch([...first, ...lines.slice(60).map((line) => write(line))])
    expect(output.texts).toEqual([])
    await turn()
    expect(output.texts).toEqual([lines.map((line) => `${line}\n`).join('')])
    expect(new Set(states)).toEqual(new Set(['waits']))
    output.next()?.resolve()
    await turn()
    expect(new Set(states)).toEqual(new Set(['confirmed']))
  })

  it('confirms an event when its own write has returned, not an earlier one', async () => {
    const output = heldOutput()
    const { write } = createAuditWriter({ write: output.write, report: () => undefined })
    const early = watch([write('1'), write('2')])
    await turn()
    const late = watch([write('3')])
    await turn()
    expect(output.texts).toEqual(['1\n2\n', '3\n'])
    output.next()?.resolve()
    await turn()
    expect([early, late]).toEqual([['confirmed', 'confirmed'], ['waits']])
    output.next()?.resolve()
    await turn()
    expect(late).toEqual(['confirmed'])
  })

  it('refuses every event that waits for a write that fails, and none that was confirmed', async () => {
    const output = heldOutput()
    const said: string[] = []
    const report = (line: string): void => void said.push(line)
    const { write, failed } = createAuditWriter({ write: output.write, report })
    const confirmed = watch([write('1'), write('2')])
    await turn()
    output.next()?.resolve()
    await turn()
    const written = watch([write('3'), write('4')])
    await turn()
    const behind = watch([write('5')])
    await turn()
    const queued = watch([write('6')])
    output.next()?.reject(Object.assign(new Error('full'), { code: 'ENOSPC' }))
    await failed
    output.next()?.resolve()
    await turn()
    await turn()
    expect(confirmed).toEqual(['confirmed', 'confirmed'])
    expect([written, behind, queued]).toEqual([['refused', 'refused'], ['refused'], ['refused']])
    expect(output.texts).toEqual(['1\n2\n', '3\n4\n', '5\n'])
    expect(said).toHaveLength(1)
  })

  it('writes a large batch before its turn ends, so that many events at once are no stall', async () => {
    const sizes: number[] = []
    const write: WriteBytes = async (bytes) => void sizes.push(bytes.length)
    const said: string[] = []
    const writer = createAuditWriter({ write, report: (line) => said.push(line) })
    const events: Promise<void>[] = []
    while (events.length * LINE.length < 2 * MAX_WAITING_BYTES) {
      events.push(writer.write(LINE))
      // Each request of a turn is served in a task of its own, after which microtasks run.
      await Promise.resolve()
    }
    await Promise.all(events)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(events.length * (LINE.length + 1))
    expect(sizes.length).toBeLessThan(20)
    expect(said).toEqual([])
  })

  it('keeps at most 256 KiB for a reader that stalls, and confirms none of it', async () => {
    let kept = 0
    const said: string[] = []
    const { write } = createAuditWriter({
      write: (bytes) => {
        kept += bytes.length
        return new Promise(() => undefined)
      },
      report: (line) => said.push(line),
      confirmMs: CONFIRM_MS,
    })
    const outcomes = await Promise.allSettled(Array.from({ length: 5_000 }, () => write(LINE)))
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']))
    expect(kept).toBeGreaterThan(MAX_WAITING_BYTES / 2)
    expect(kept).toBeLessThanOrEqual(MAX_WAITING_BYTES)
    expect(said).toHaveLength(1)
  })

  it('refuses each event after the first failure, and reports that failure once', async () => {
    const said: string[] = []
    let writes = 0
    const writeBytes = async (): Promise<void> => {
      writes++
      throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    }
    const { write, failed } = createAuditWriter({
      write: writeBytes,
      report: (line) => said.push(line),
    })
    await expect(write(LINE)).rejects.toThrow('standard output failed')
    await failed
    await expect(write(LINE)).rejects.toThrow('standard output failed')
    expect([writes, said.length]).toEqual([1, 1])
    expect(said[0]).toContain('(ENOSPC)')
  })
})

describe('inWholeLines()', () => {
  /** A file that takes a few bytes a time, and now and then none for a moment. */
  const slowFile = (): { text: () => string; write: (bytes: Uint8Array) => number } => {
    let text = ''
    let calls = 0
    return {
      text: () => text,
      write: (bytes) => {
        if (++calls % 3 === 0) throw Object.assign(new Error('later'), { code: 'EAGAIN' })
        text += new TextDecoder().decode(bytes.subarray(0, 7))
        return Math.min(7, bytes.length)
      },
    }
  }

  it('writes on until all bytes are taken, one line after the other', async () => {
    const file = slowFile()
    const write = inWholeLines(file.write)
    const lines = ['{"event":"first"}\n', '{"event":"second"}\n', '{"event":"third"}\n']
    await Promise.all(lines.map((line) => write(new TextEncoder().encode(line))))
    expect(file.text()).toBe(lines.join(''))
  })

  it('fails when the disk is full after a part of the line', async () => {
    let room = 10
    const write = inWholeLines((bytes) => {
      if (room === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      const taken = Math.min(room, bytes.length)
      room -= taken
      return taken
    })
    await expect(write(new Uint8Array(12))).rejects.toThrow('full')
  })
})
