// What one challenge and one enrollment cost our Node server, a bare service on Node and a peer in Go: processor
// time of the whole process, in turns. The time of the client isn't counted.

import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { JSONWebKeySet } from 'jose'
import { BUNDLE_OPTIONS } from '../../functions/build/bundle-options.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { parseSigningKeys } from '../../src/token/signing-keys.ts'
import { ROOT } from '../support/sources.ts'
import { type TestCloud, createTestCloud } from '../support/test-cloud.ts'
import { checkServer } from './check-server.ts'
import type { Ratios } from './comparison.ts'
import { type Load, createLoad } from './enrollment-load.ts'
import { buildGoPeer } from './go-peer.ts'
import { type MeasuredServer, startNode, startServer, variablesOf } from './node-servers.ts'
import { SkippedError } from './skipped.ts'

/** Enrollments before the rounds: V8 has optimized all that it will by then. */
const WARM_UP = 1_200

/** Milliseconds of processor time of one call. */
export interface CallCosts {
  readonly challenge: number
  readonly enrollment: number
}

/** The servers by name; one that can't be built is left out. */
export type ServerName = 'rollcall' | 'bare' | 'go'

/** One round: each server once. */
export type ServerRound = Readonly<Partial<Record<ServerName, CallCosts>>>

const together = ({ challenge, enrollment }: CallCosts): number => challenge + enrollment

/** How many times as much our server takes as each other one: challenge and enrollment together. */
export const serverRatios = ({ rollcall, bare, go }: ServerRound): Ratios => {
  const ratio = (other: CallCosts): number =>
    rollcall === undefined ? Number.NaN : together(rollcall) / together(other)
  return {
    ...(bare !== undefined && { node_bare_ratio: ratio(bare) }),
    ...(go !== undefined && { node_go_ratio: ratio(go) }),
  }
}

/** Servers that run. */
export interface ServerContest {
  /** Why there is no Go peer. */
  readonly skipped?: string
  /** Measures each server once. */
  round(): Promise<ServerRound>
  close(): Promise<void>
}

interface Contestant {
  readonly name: ServerName
  readonly server: MeasuredServer
  readonly load: Load
}

const costsOf = async ({ server, load }: Contestant, enrollments: number): Promise<CallCosts> => {
  const began = server.processorMs()
  const audiences = await load.challenges(enrollments)
  const challenged = server.processorMs()
  const bodies = load.sign(audiences)
  const signed = server.processorMs()
  await load.enroll(bodies)
  const enrolled = server.processorMs()
  // What nobody reads would fill the memory of this process.
  server.takeOutput()
  return {
    challenge: (challenged - began) / enrollments,
    enrollment: (enrolled - signed) / enrollments,
  }
}

const bundleBare = async (outfile: string): Promise<string> => {
  const entryPoints = [join(ROOT, 'test/bench/bare-node.ts')]
  await build({ ...BUNDLE_OPTIONS, outExtension: {}, entryPoints, outfile })
  return outfile
}

/** Builds ours as it is deployed. */
const bundleOurs = async (folder: string): Promise<string> => {
  await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    join(ROOT, 'functions/build.ts'),
    folder,
  ])
  return join(folder, 'node.mjs')
}

/**
 * Starts all servers, checks the answers of each, and warms them up.
 * @param enrollments in each round, for each server
 * @throws Error if one of them answers wrongly
 */
export const startServers = async (enrollments: number): Promise<ServerContest> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-contest-'))
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  const close = async (): Promise<void> => {
    for (const one of closers.toReversed()) await one()
  }
  try {
    const cloud = await createTestCloud()
    const signingKeys = await generateSigningKeys('ES256')
    const variables = variablesOf(cloud, signingKeys)
    const { jwks } = await parseSigningKeys(signingKeys)
    let skipped: string | undefined
    const peer = await buildGoPeer(folder).catch((error: unknown) => {
      if (!(error instanceof SkippedError)) throw error
      skipped = error.message
    })
    const starts: [ServerName, () => Promise<MeasuredServer>][] = [
      ['rollcall', async () => startNode(await bundleOurs(join(folder, 'ours')), variables)],
      ['bare', async () => startNode(await bundleBare(join(folder, 'bare.mjs')), variables)],
    ]
    if (peer !== undefined) starts.push(['go', () => startServer(peer, [], variables)])

    const contestants: Contestant[] = []
    for (const [name, start] of starts) {
      const server = await start()
      closers.push(server.stop)
      const load = createLoad(server.url, cloud)
      closers.push(load.close)
      await checkContestant(name, { server, load }, jwks as unknown as JSONWebKeySet, cloud)
      contestants.push({ name, server, load })
    }
    for (const contestant of contestants) await costsOf(contestant, WARM_UP)
    return {
      ...(skipped !== undefined && { skipped }),
      async round() {
        const costs: Partial<Record<ServerName, CallCosts>> = {}
        for (const contestant of contestants) {
          costs[contestant.name] = await costsOf(contestant, enrollments)
        }
        return costs
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const checkContestant = async (
  name: ServerName,
  { server, load }: Pick<Contestant, 'server' | 'load'>,
  keys: JSONWebKeySet,
  cloud: TestCloud,
): Promise<void> => {
  try {
    await checkServer({ load, takeOutput: server.takeOutput, keys, cloud })
  } catch (error) {
    throw new Error(`${name} answers wrongly: ${(error as Error).message}`, { cause: error })
  }
}
