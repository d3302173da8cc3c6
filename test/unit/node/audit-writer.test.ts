// The audit writer's limits, which a real reader takes long to reach: what waits in memory, and writes that
// the system takes in parts.

import { describe, expect, it } from 'vitest'
import { createAuditWriter } from '../../../src/node/audit-writer.ts'
import { inWholeLines } from '../../../src/node/write-all.ts'

const LINE = JSON.stringify({ version: 1, event: 'challenge', request_id: 'x'.repeat(64) })
const CONFIRM_MS = 20
const MAX_WAITING_BYTES = 262_144

describe('createAuditWriter()', () => {
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
