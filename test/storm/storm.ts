// `npm run storm`: a boot storm on one machine. `--help` says how it is used; docs/storm.md what it measures.

import { CommanderError } from 'commander'
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { findTool } from '../support/requirements.ts'
import { type StormArguments, readArguments } from './options.ts'
import { drawPlot } from './plot.ts'
import { createProgress } from './progress.ts'
import { allHold, reportLines } from './report.ts'
import { runStorm } from './run-storm.ts'

const readOrEnd = (): StormArguments => {
  try {
    return readArguments(process.argv.slice(2), (text) => process.stderr.write(text))
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
    throw error
  }
}

const { json, plot, ...options } = readOrEnd()
const progress = createProgress(process.stderr)

const missing = ['redis-server', 'redis-cli'].filter((tool) => findTool(tool) === undefined)
if (missing.length > 0) {
  progress.say(`${missing.join(' and ')} not found; install Redis: apt-get install redis-server`)
  process.exit(2)
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
}

progress.say(`seed ${options.seed}`)
try {
  const result = await runStorm(options, { progress, signal: stop.signal })
  process.stdout.write(`${reportLines(result).join('\n')}\n`)
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`)
  if (plot !== undefined) writeFileSync(plot, drawPlot(result))
  process.exitCode = allHold(result) ? 0 : 1
} catch (error) {
  if (!stop.signal.aborted) throw error
  progress.say((stop.signal.reason as Error).message)
  process.exitCode = 130
}
