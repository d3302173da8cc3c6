// What goes wrong during a storm, when, and for how long.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { RedisServer } from '../support/redis-server.ts'
import { ROOT } from '../support/sources.ts'
import type { Fleet } from './fleet.ts'
import type { Fault, StormOptions } from './options.ts'

const run = promisify(execFile)

/** A span of a storm in which something was wrong, or was being changed. */
export interface Mark {
  readonly what: string
  readonly fromSeconds: number
  readonly toSeconds: number
}

/** What the faults are made with. */
export interface FaultTools {
  readonly fleet: Fleet
  readonly redis: RedisServer
  /** The file of the signing keys. */
  readonly keyFile: string
  /** Seconds since the storm began. */
  readonly elapsed: () => number
  readonly signal: AbortSignal
  /** Called before a key that was published begins to sign, and again at the end of the rotation. */
  readonly onKeys: () => Promise<void>
}

/** When each fault begins, as a fraction of the time within which the instances boot. */
const BEGINS: Readonly<Record<Fault, number>> = { kill: 0.05, pause: 0.2, rotate: 0.5 }
/** The killed process is missed for so long. */
const MISSED_SECONDS = 2
const PAUSE_SECONDS = 5

/** Takes the next step of a rotation by the command, before its time: nobody here stores keys for five minutes. */
const rotateKeys = async (keyFile: string): Promise<void> => {
  const command = ['--import', 'tsx', join(ROOT, 'src/cli/rollcall.ts')]
  const args = ['keygen', '--rotate', keyFile, '--early']
  await run(process.execPath, [...command, ...args], { cwd: ROOT })
}

const HAPPENS: Readonly<
  Record<Fault, { readonly what: string; run(tools: FaultTools): Promise<void> }>
> = {
  kill: {
    what: 'process killed',
    async run({ fleet, signal }) {
      await fleet.kill(0)
      await sleep(MISSED_SECONDS * 1000, undefined, { signal })
      await fleet.replace(0)
    },
  },
  pause: {
    what: 'Redis stopped',
    async run({ redis, signal }) {
      redis.stop()
      try {
        await sleep(PAUSE_SECONDS * 1000, undefined, { signal })
      } finally {
        redis.continue()
      }
    },
  },
  rotate: {
    what: 'key rotation',
    async run({ fleet, keyFile, onKeys }) {
      await rotateKeys(keyFile)
      await fleet.restartAll()
      await onKeys()
      await rotateKeys(keyFile)
      await fleet.restartAll()
    },
  },
}

/** Lets the faults happen, one after the other. @returns when they did, in this order */
export const runFaults = async (
  { faults, seconds }: StormOptions,
  tools: FaultTools,
  onMark: (what: string | undefined) => void,
): Promise<readonly Mark[]> => {
  const { elapsed, signal } = tools
  const marks: Mark[] = []
  for (const fault of faults.toSorted((a, b) => BEGINS[a] - BEGINS[b])) {
    const wait = BEGINS[fault] * seconds - elapsed()
    if (wait > 0) await sleep(wait * 1000, undefined, { signal })
    const fromSeconds = elapsed()
    const { what } = HAPPENS[fault]
    onMark(what)
    await HAPPENS[fault].run(tools)
    marks.push({ what, fromSeconds, toSeconds: elapsed() })
    onMark(undefined)
  }
  return marks
}
