// Processor time of contenders in one process, on a noisy machine: in turns, in blocks of calls.

/** Does its work so many times. What it needs for that may be made before, and isn't measured. */
export type Contender = (calls: number) => Block | Promise<Block>

/** The calls of one block. */
type Block = () => unknown

/** A contender that calls a function, and waits for it. */
export const awaited =
  (call: () => Promise<unknown>): Contender =>
  (calls) =>
  async () => {
    for (let i = 0; i < calls; i++) await call()
  }

/** A contender that calls a function which is done when it returns. */
export const synchronous =
  (call: () => unknown): Contender =>
  (calls) =>
  () => {
    for (let i = 0; i < calls; i++) call()
  }

/** The middle value of several; of an even number, the mean of the middle two. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2
}

/** Processor time of one block, in milliseconds. */
const BLOCK_MS = 8

/** Blocks of a contender in one round. They are short and in turns, so that a slow moment meets all contenders. */
const BLOCKS = 10

/** Calls of the first, small block. */
const FIRST_CALLS = 20

/**
 * Microseconds of processor time, of all threads together, that one call takes. Not by the clock: a call to the
 * platform's crypto threads takes half or double the time, depending on whether those threads still spin or have gone
 * to sleep since the call before.
 */
const costOf = async (contender: Contender, calls: number): Promise<number> => {
  const block = await contender(calls)
  const before = process.cpuUsage()
  await block()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}

/** Contenders that were warmed up, each with the number of calls that fills a block. */
export interface Turns<Name extends string> {
  /** Measures one round. @returns microseconds of one call, by name */
  round(): Promise<Readonly<Record<Name, number>>>
}

/** Warms contenders up. @param warmUpMs of processor time, for each */
export const warmUp = async <Name extends string>(
  contenders: Readonly<Record<Name, Contender>>,
  warmUpMs: number,
): Promise<Turns<Name>> => {
  const entries: [Name, Contender, number][] = []
  for (const [name, contender] of Object.entries(contenders) as [Name, Contender][]) {
    let calls = FIRST_CALLS
    for (let spentMs = 0; spentMs < warmUpMs;) {
      const cost = await costOf(contender, calls)
      spentMs += (cost * calls) / 1000
      calls = Math.max(FIRST_CALLS, Math.round((BLOCK_MS * 1000) / Math.max(cost, 1)))
    }
    entries.push([name, contender, calls])
  }
  return {
    async round() {
      const costs = Object.fromEntries(entries.map(([name]) => [name, 0])) as Record<Name, number>
      for (let block = 0; block < BLOCKS; block++) {
        for (const [name, contender, calls] of entries) {
          costs[name] += (await costOf(contender, calls)) / BLOCKS
        }
      }
      return costs
    },
  }
}
