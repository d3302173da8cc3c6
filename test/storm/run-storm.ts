// A boot storm: sets up Redis and the service, lets the instances boot while faults happen, then collects what the
// checks need.

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createOperatorClient } from '../../src/client/operator.ts'
import { parsePrivateKey } from '../../src/client/private-key.ts'
import { generateSigningKeys } from '../../src/token/generate.ts'
import { seededRandom } from '../support/random.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { ROOT } from '../support/sources.ts'
import { readAuditFiles } from './audit-files.ts'
import { type Actor, BANNED_IMAGE, drawCast, stormPolicy } from './cast.ts'
import { type ListedRecord, type PublishedKey, checkStorm } from './checks.ts'
import { createClients } from './clients.ts'
import { createCloud } from './cloud.ts'
import { type Mark, runFaults } from './faults.ts'
import { buildService, startFleet } from './fleet.ts'
import { type MemorySample, sampleMemory } from './memory.ts'
import type { StormOptions } from './options.ts'
import type { Progress } from './progress.ts'
import { type StormResult, summarize } from './result.ts'
import { createTransport } from './transport.ts'

/** A name: nothing is sent there but by the storm's own transport. */
const ISSUER = 'http://localhost'
const OPERATOR = 'storm'
const PAGE = 1000
const SAMPLE_MS = 500
const LAUNCH_MS = 10
const BANS_AT_ONCE = 32
const run = promisify(execFile)

/** Beside the options: what only tests change, and where progress goes. */
export interface RunOptions {
  readonly progress: Progress
  /** Ends the storm early; everything that was started is stopped. */
  readonly signal?: AbortSignal
  /** What is wrong with the deployment, so that the checks must fail. Default: nothing. */
  readonly mistake?: Mistake
}

/**
 * A mistake that the checks must find. `open-policy`: the policy admits strangers. `split-ledger`: each process keeps
 * its state apart from the others.
 */
export type Mistake = 'open-policy' | 'split-ledger'

/** Starts each instance at its time. @returns once all have ended */
const bootAll = async (
  cast: readonly Actor[],
  enroll: (actor: Actor) => Promise<void>,
  elapsed: () => number,
  signal: AbortSignal,
): Promise<void> => {
  const running: Promise<void>[] = []
  let next = 0
  while (next < cast.length) {
    for (let actor = cast[next]; actor && actor.startSeconds <= elapsed(); actor = cast[next]) {
      running.push(enroll(actor))
      next++
    }
    await sleep(LAUNCH_MS, undefined, { signal })
  }
  await Promise.all(running)
}

/**
 * Runs a storm.
 * @throws Error if something can't be started, and the reason of `signal`
 */
export const runStorm = async (
  options: StormOptions,
  { progress, signal: stop, mistake }: RunOptions,
): Promise<StormResult> => {
  // Whatever ends this ends the clients too, which would retry for minutes.
  const over = new AbortController()
  const signal = stop === undefined ? over.signal : AbortSignal.any([stop, over.signal])
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-storm-'))
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]
  try {
    progress.say('building the service and drawing the instances')
    mkdirSync(join(folder, 'service'))
    const keyFile = join(folder, 'signing-keys.json')
    const cli = [join(ROOT, 'src/cli/rollcall.ts'), 'keygen', '--out', keyFile]
    const [entry, cast, cloud, operatorKeys] = await Promise.all([
      buildService(join(folder, 'service')),
      drawCast(options),
      createCloud(),
      generateSigningKeys('ES256'),
      run(process.execPath, ['--import', 'tsx', ...cli], { cwd: ROOT }),
    ])
    const operatorKey = await parsePrivateKey(operatorKeys.keys[0])
    signal.throwIfAborted()

    const redis = await startRedisServer()
    closers.push(redis.close)
    const redisPid = Number(/process_id:(\d+)/.exec(await redis.cli('info', 'server'))?.[1])
    const fleet = await startFleet(entry, options.services, folder, (index) => ({
      ROLLCALL_ISSUER: ISSUER,
      ROLLCALL_LEDGER: mistake === 'split-ledger' ? `${redis.url}?prefix=p${index}:` : redis.url,
      ROLLCALL_SIGNING_KEYS_FILE: keyFile,
      ROLLCALL_POLICY: JSON.stringify(stormPolicy(mistake === 'open-policy')),
      ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
      ROLLCALL_ADMIN_KEYS: JSON.stringify({ keys: [operatorKey.publicKey.jwk] }),
    }))
    closers.push(fleet.stop)

    const random = seededRandom(options.seed + 1)
    const still = createTransport(fleet, { random, lostPercent: 0, elapsed: () => 0 })
    closers.push(still.close)
    const fetch = still.fetchFor()
    const operator = createOperatorClient({
      issuer: ISSUER,
      key: operatorKey,
      operator: OPERATOR,
      fetch,
    })
    const banned = cast.filter(({ kind }) => kind === 'banned-instance')
    progress.say(`banning an image and ${banned.length} instances`)
    await operator.ban({ kind: 'image', value: BANNED_IMAGE }, 'storm')
    for (let at = 0; at < banned.length; at += BANS_AT_ONCE) {
      const some = banned.slice(at, at + BANS_AT_ONCE)
      await Promise.all(
        some.map(({ instanceId: value }) => operator.ban({ kind: 'instance', value }, 'storm')),
      )
    }
    const readKeys = async (): Promise<readonly PublishedKey[]> => {
      const response = await fetch(`${ISSUER}/.well-known/jwks.json`, {})
      return ((await response.json()) as { keys: PublishedKey[] }).keys
    }

    const began = performance.now()
    const elapsed = (): number => (performance.now() - began) / 1000
    const { lostPercent } = options
    const transport = createTransport(fleet, { random, lostPercent, elapsed })
    closers.push(transport.close)
    const clients = createClients(ISSUER, cloud, transport, signal)
    const memory: MemorySample[] = []
    let fault: string | undefined
    let marks: readonly Mark[] = []
    let earlierKeys: readonly PublishedKey[] | undefined
    const sample = (): void => {
      const at = { atSeconds: elapsed(), tokens: clients.tokens.length }
      memory.push(sampleMemory(fleet, redisPid, at))
      progress.show({
        seconds: at.atSeconds,
        ended: clients.endings.length,
        instances: cast.length,
        inFlight: clients.inFlight,
        retries: clients.retries,
        fault,
      })
    }
    const loop = monitorEventLoopDelay({ resolution: 5 })
    loop.enable()
    const spentBefore = { services: fleet.processorMs(), client: process.cpuUsage() }
    const timer = setInterval(sample, SAMPLE_MS)
    try {
      const faulty = runFaults(
        options,
        {
          fleet,
          redis,
          keyFile,
          elapsed,
          signal,
          async onKeys() {
            earlierKeys = await readKeys()
          },
        },
        (what) => (fault = what),
      )
      ;[marks] = await Promise.all([faulty, bootAll(cast, clients.enroll, elapsed, signal)])
    } finally {
      clearInterval(timer)
      loop.disable()
    }
    signal.throwIfAborted()
    sample()
    const seconds = elapsed()
    const client = process.cpuUsage(spentBefore.client)

    progress.say('checking')
    const records: ListedRecord[] = []
    for await (const { items } of operator.instances({ limit: PAGE })) records.push(...items)
    const keys = await readKeys()
    const servicesMs = fleet.processorMs() - spentBefore.services
    await fleet.stop()
    const audit = await readAuditFiles(fleet.auditFiles)
    const { tokens, endings } = clients
    const { issued } = audit
    const checks = checkStorm({
      issuer: ISSUER,
      cast,
      endings,
      tokens,
      records,
      issued,
      keys,
      earlierKeys,
    })
    return summarize({
      options,
      seconds,
      marks,
      endings,
      tokens,
      retries: clients.retries,
      fates: transport.fates,
      samples: transport.samples,
      memory,
      audit,
      records: records.length,
      keys: keys.length,
      servicesMs,
      clientMs: (client.user + client.system) / 1000,
      clientDelayMs: { p99: loop.percentile(99) / 1e6, max: loop.max / 1e6 },
      checks,
    })
  } finally {
    over.abort(new Error('the storm is over'))
    progress.end()
    for (const close of closers.toReversed()) await close()
  }
}
