// Where a service is raced, two processes on one Redis or the Worker: rounds by seed, several at a time, each with
// instances of its own. What must hold is noted rather than thrown, so that copies of the service which
// are broken on purpose show in the same rounds.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FOREIGN_ANSWER, type KeptClient, createKeptClient } from '../../support/keep-alive.ts'
import { type Random, pick, seededRandom } from '../../support/random.ts'
import { startRedisServer } from '../../support/redis-server.ts'
import {
  type RunningService,
  type ServiceVariables,
  startService,
} from '../../support/start-service.ts'
import { ROOT } from '../../support/sources.ts'
import {
  type Instances,
  type Instance,
  type Standing,
  createInstances,
  listInstances,
} from './instances.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'

/** Rounds at a time. Each has an account of its own, so that it may ban it. */
const LANES = 6
const ISSUER = 'http://localhost'
/** Longer than the rounds take together: nothing here is to expire. */
const LIFETIME_SECONDS = 900
const MOST_PROBLEMS = 10

/** One of the two processes; the Worker has both. */
export type Side = 0 | 1

/** What one round has at hand. */
export interface Round {
  readonly random: Random
  readonly instances: Instances
  readonly clients: readonly [KeptClient, KeptClient]
  /** An account that no other round of this moment has. */
  readonly account: string
  /** An instance that nobody has seen. */
  newInstance(changes?: Partial<Instance>): Instance
  /** Either process, by the seed. */
  side(): Side
  /** Notes what does not hold. */
  check(holds: boolean, what: string): void
  /** Counts a race that a process won. */
  won(side: Side): void
  /** Counts anything else, to be printed. */
  count(what: string): void
  /** How the record of an instance must stand from now on. */
  stands(instance: Instance, standing: Standing): void
}

/** What came of many rounds. */
export interface Report {
  /** What did not hold, and in which round; the first ones. */
  readonly problems: readonly string[]
  /** The audit events of the first of these rounds, a line each: to see how it came to that. */
  readonly events: readonly string[]
  readonly wins: readonly [number, number]
  /** Rounds that a proxy before the service broke off. */
  readonly interrupted: number
  /** What happened how often, and how long it took. */
  readonly line: string
}

/** A service to race. */
export interface Raced {
  run(
    name: string,
    play: (round: Round) => Promise<void>,
    options: { seed: number; rounds: number },
  ): Promise<Report>
  /** Compares what each process lists with how the instances must stand. @returns what differs */
  differences(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Where a service is started, and what it writes its state to. */
interface Started {
  readonly services: readonly RunningService[]
  /** Whether a proxy stands before the service. */
  readonly isProxied: boolean
  close(): Promise<void>
}

const stopping = (services: readonly RunningService[]) => async (): Promise<void> => {
  await Promise.all(services.map((service) => service.stop()))
}

const startOnRedis =
  (source: string) =>
  async (usual: ServiceVariables): Promise<Started> => {
    const redis = await startRedisServer()
    const services: RunningService[] = []
    const close = async (): Promise<void> => {
      await stopping(services)()
      await redis.close()
    }
    const variables = { ...usual, ROLLCALL_LEDGER: redis.url }
    const start = async (): Promise<void> =>
      void services.push(await startService('Node', { variables, source }))
    try {
      await Promise.all([start(), start()])
    } catch (error) {
      await close()
      throw error
    }
    return { services, isProxied: false, close }
  }

const startWorker = async (variables: ServiceVariables): Promise<Started> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-race-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const services = [await startService('workerd', { variables, folder })]
    const stop = stopping(services)
    return { services, isProxied: true, close: () => stop().finally(remove) }
  } catch (error) {
    remove()
    throw error
  }
}

const startRaced = async (
  start: (variables: ServiceVariables) => Promise<Started>,
): Promise<Raced> => {
  const laneAccount = (lane: number): string => String(1_609_123_456_789_100 + lane)
  const accounts = Array.from({ length: LANES }, (_, lane) => laneAccount(lane))
  const usual = DOCUMENT_FIELDS['owner-account-id']
  const instances = await createInstances(ISSUER, [usual, ...accounts], LIFETIME_SECONDS)
  const standings = new Map<string, Standing>()
  const { services, isProxied, close: closeServices } = await start(instances.variables)
  const clientOf = (side: Side): KeptClient =>
    createKeptClient((services[side] ?? services[0])?.url ?? '')
  const both = [clientOf(0), clientOf(1)] as const
  const close = async (): Promise<void> => {
    for (const client of both) client.close()
    await closeServices()
  }

  const eventsOf = (ids: ReadonlySet<unknown>): readonly string[] =>
    services.flatMap((service, side) =>
      service
        .auditEvents()
        .filter((event) => ids.has(event['instance_id']))
        .map(({ time, outcome, action, reason, instance_id: id, jti, retry }) =>
          JSON.stringify({ side, time, outcome, action, reason, id, jti, retry }),
        ),
    )

  return {
    async run(name, play, { seed, rounds }) {
      const problems: string[] = []
      let events: readonly string[] = []
      const wins: [number, number] = [0, 0]
      const counts = new Map<string, number>()
      let next = 0
      let interrupted = 0

      const playOne = async (number: number, lane: number): Promise<void> => {
        const random = seededRandom(seed + number * 7919)
        const ids = new Set<unknown>()
        const check = (holds: boolean, what: string): void => {
          if (!holds) problems.push(`${name}, round ${number}: ${what}`)
        }
        const round: Round = {
          random,
          instances,
          clients: both,
          account: laneAccount(lane),
          newInstance(changes) {
            const instance = instances.newInstance(changes)
            ids.add(instance.id)
            return instance
          },
          side: () => pick(random, [0, 1] as const),
          check,
          won: (side) => void wins[side]++,
          count: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
          stands: ({ id }, standing) => void standings.set(id, standing),
        }
        const noted = problems.length
        await play(round).catch((error: unknown) => {
          // Under `wrangler dev` a proxy stands before workerd, and may lose a connection to it.
          if (isProxied && error instanceof Error && error.message === FOREIGN_ANSWER) interrupted++
          else check(false, String(error))
        })
        if (problems.length > noted && events.length === 0) events = eventsOf(ids)
      }
      const runLane = async (lane: number): Promise<void> => {
        while (next < rounds && problems.length < MOST_PROBLEMS) await playOne(next++, lane)
      }

      const started = performance.now()
      await Promise.all(accounts.map((_, lane) => runLane(lane)))
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      const others = [...counts].map(([what, count]) => `, ${count} ${what}`).join('')
      const line = `${name}: ${next} rounds in ${seconds} s, won by ${wins.join(' and ')}${others}`
      return { problems: problems.slice(0, MOST_PROBLEMS), events, wins, interrupted, line }
    },

    async differences() {
      const lists = await Promise.all(both.map((client) => listInstances(instances, client)))
      const text = (standing: Standing | undefined): string =>
        standing ? `${standing.enrollments} in generation ${standing.generation}` : 'nothing'
      return lists.flatMap((list) =>
        [...new Set([...list.keys(), ...standings.keys()])]
          .filter((id) => text(list.get(id)) !== text(standings.get(id)))
          .map((id) => `${id}: ${text(list.get(id))}, not ${text(standings.get(id))}`)
          .slice(0, MOST_PROBLEMS),
      )
    },

    close,
  }
}

/** Starts Redis and both processes. @param folder of the project, or of a copy of it */
export const startTwoProcesses = (folder = ROOT): Promise<Raced> => startRaced(startOnRedis(folder))

/** Starts the Worker, its state in Durable Objects. */
export const startRacedWorker = (): Promise<Raced> => startRaced(startWorker)
