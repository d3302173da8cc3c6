// What the demos share: how they print, and how they end. Everything that a demo starts is stopped, in any case.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Prints a line. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`)

let steps = 0
/** Begins a step of the demo. */
export const step = (title: string): void => print(`\n${++steps}. ${title}`)

/** Shows a value of this step. */
export const show = (label: string, value: unknown): void =>
  print(`   ${label.padEnd(10)} ${String(value)}`)

/** Ends the demo unless a condition holds. @throws Error */
export const check = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`${what}: this should not happen`)
}

/** What a demo gets. */
export interface Stage {
  /** A folder that is removed at the end. */
  readonly folder: string
  /** Takes something that has to be stopped at the end; the last one is stopped first. */
  onEnd(stop: () => Promise<unknown>): void
}

/** Runs a demo. If it fails, the process ends with status 1. */
export const runDemo = async (demo: (stage: Stage) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-demo-'))
  const stops: (() => Promise<unknown>)[] = []
  let cleaned: Promise<void> | undefined
  const clean = (): Promise<void> =>
    (cleaned ??= (async () => {
      for (const stop of stops.toReversed()) await stop()
      rmSync(folder, { recursive: true, force: true })
    })())
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void clean().then(() => process.exit(1)))
  }
  const started = Date.now()
  try {
    await demo({ folder, onEnd: (stop) => void stops.push(stop) })
    await clean()
    const seconds = ((Date.now() - started) / 1000).toFixed(0)
    print(`\nAll of it went as it should, in ${seconds} s; everything is stopped.`)
  } catch (error) {
    await clean()
    print(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
