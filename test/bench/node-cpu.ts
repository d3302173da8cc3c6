// `npm run bench:node`: what a challenge and an enrollment cost the Node server, as the one file that is deployed,
// on the Node that runs this. Alone it compares the server with a bare one and with a Go peer, and shows where
// its time goes. `-- redis` and `-- sqlite` measure it with a store. `--enrollments N`, `--rounds N`.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createTestCloud } from '../support/test-cloud.ts'
import { measureComparison } from './comparison.ts'
import { median } from './measure.ts'
import { type ServerName, type ServerRound, serverRatios, startServers } from './node-contenders.ts'
import { type NodeProfile, profileNode } from './node-profile.ts'
import { measureStore } from './node-stores.ts'

const DEAREST = 25

const { values, positionals } = parseArgs({
  options: {
    enrollments: { type: 'string' },
    rounds: { type: 'string', default: '15' },
  },
  allowPositionals: true,
})

const showCosts = (rounds: readonly ServerRound[]): void => {
  console.log(`processor time in ms, ${'challenge'.padStart(10)} enrollment  together`)
  for (const name of ['rollcall', 'bare', 'go'] as const satisfies ServerName[]) {
    const costs = rounds.flatMap((round) => round[name] ?? [])
    if (costs.length === 0) continue
    const cells = [
      median(costs.map(({ challenge }) => challenge)),
      median(costs.map(({ enrollment }) => enrollment)),
      median(costs.map(({ challenge, enrollment }) => challenge + enrollment)),
    ]
    console.log(name.padEnd(22) + cells.map((cell) => cell.toFixed(3).padStart(10)).join(' '))
  }
}

const showProfile = ({ phases, functions, otherThreads, count }: NodeProfile): void => {
  const rows = [...phases, ['other threads', otherThreads] as const]
  const total = rows.reduce((sum, [, microseconds]) => sum + microseconds, 0)
  console.log('\nµs of one challenge and one enrollment, under the profiler')
  for (const [phase, microseconds] of [...rows, ['all', total] as const]) {
    const share = `${((100 * microseconds) / total).toFixed(0)} %`
    console.log(
      `${phase.padEnd(20)} ${(microseconds / count).toFixed(1).padStart(8)} ${share.padStart(6)}`,
    )
  }
  console.log('\nthe dearest functions, each with what it calls outside of this project')
  for (const { name, phase, microseconds } of functions.slice(0, DEAREST)) {
    console.log(`${(microseconds / count).toFixed(1).padStart(8)} ${phase.padEnd(18)} ${name}`)
  }
}

const compareServers = async (): Promise<void> => {
  const rounds = Number(values.rounds)
  const enrollments = Number(values.enrollments ?? 400)
  console.log(`Node ${process.version}, memory, ${rounds} rounds of ${enrollments}, in turns`)
  const contest = await startServers(enrollments)
  try {
    const measured: ServerRound[] = []
    const ratios = await measureComparison(
      {
        open: async () => ({
          async round() {
            const costs = await contest.round()
            measured.push(costs)
            return serverRatios(costs)
          },
        }),
      },
      rounds,
    )
    showCosts(measured)
    if (contest.skipped !== undefined) console.log(`Go peer: skipped: ${contest.skipped}`)
    console.log(`BENCH_NODE ${JSON.stringify(ratios)}`)
  } finally {
    await contest.close()
  }
}

const profileServer = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-profile-'))
  try {
    showProfile(await profileNode(folder, await createTestCloud()))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const [store] = positionals
if (store === undefined) {
  await profileServer()
  await compareServers()
} else if (store === 'redis' || store === 'sqlite') {
  await measureStore(store, Number(values.enrollments ?? 2000))
} else {
  throw new Error(`expected redis or sqlite, got ${store}`)
}
