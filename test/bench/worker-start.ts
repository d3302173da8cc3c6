// What the Worker costs before it is warm: processor time of workerd until it listens, and of an isolate's first
// challenge. Compared in the same run, in turns, with a bare Worker of Hono and jose, without and with an audit line, and with one of nothing.

import { build } from 'esbuild'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getChallenge } from '../support/instance.ts'
import { ROOT } from '../support/sources.ts'
import { median } from './measure.ts'
import { type WorkerdProcess, startWorkerAlone, startWorkerd, variableBinding } from './workerd.ts'

/** Discard port: a challenge asks no Durable Object. */
const NO_OBJECTS_PORT = 9

/** Milliseconds of processor time, all threads together. */
interface Cost {
  readonly start: number
  readonly first: number
}

/** The costs of each Worker, medians of all rounds. */
export interface StartCosts {
  readonly rollcall: Cost
  readonly bare: Cost
  /** The bare Worker with an audit line for each challenge: the first line of an isolate takes 2 ms. */
  readonly audited: Cost
  /** The runtime alone, with a Worker of one line. */
  readonly empty: Cost
}

/** Bundles the bare Worker as wrangler bundles ours. */
const bundleBare = async (folder: string): Promise<void> => {
  await build({
    entryPoints: [join(ROOT, 'test/bench/bare-worker.ts')],
    outfile: join(folder, 'bare.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'error',
  })
}

/** Starts a Worker, asks it for its first challenge, and ends it. */
const costOf = async (start: () => Promise<WorkerdProcess>): Promise<Cost> => {
  const worker = await start()
  try {
    const started = worker.processorMs()
    await getChallenge(`http://127.0.0.1:${worker.port}`, 'worker')
    return { start: started, first: worker.processorMs() - started }
  } finally {
    await worker.stop()
  }
}

/**
 * Measures what each Worker costs to start.
 * @param folder has the bundle of ours, as `worker.js`
 * @param variables what the Worker is configured with
 */
export const measureStart = async (
  folder: string,
  variables: Readonly<Record<string, string>>,
  rounds: number,
): Promise<StartCosts> => {
  await bundleBare(folder)
  writeFileSync(
    join(folder, 'empty.js'),
    "export default { fetch: () => Response.json({ audience: '' }) }\n",
  )
  const other =
    (name: string, module = name, more: Readonly<Record<string, string>> = {}) =>
    () => {
      const env = { ...variables, ...more }
      const worker = `bindings = [${Object.keys(env).map(variableBinding).join(', ')}],`
      return startWorkerd(folder, name, { modules: [`${module}.js`], worker }, env)
    }
  const workers = {
    rollcall: () => startWorkerAlone(folder, NO_OBJECTS_PORT, variables),
    bare: other('bare'),
    audited: other('audited', 'bare', { BARE_AUDIT: 'true' }),
    empty: other('empty'),
  }
  const costs: Record<keyof StartCosts, Cost[]> = {
    rollcall: [],
    bare: [],
    audited: [],
    empty: [],
  }
  for (let round = 0; round <= rounds; round++) {
    for (const name of ['rollcall', 'bare', 'audited', 'empty'] as const) {
      const cost = await costOf(workers[name])
      // Round 0 brings the files into the machine's cache.
      if (round > 0) costs[name].push(cost)
    }
  }
  const middle = (all: readonly Cost[]): Cost => ({
    start: median(all.map(({ start }) => start)),
    first: median(all.map(({ first }) => first)),
  })
  return {
    rollcall: middle(costs.rollcall),
    bare: middle(costs.bare),
    audited: middle(costs.audited),
    empty: middle(costs.empty),
  }
}
