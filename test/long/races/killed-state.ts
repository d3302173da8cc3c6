// What is stored while the service is dead, read without the service's own drivers: which challenges were
// spent, and which enrollments recorded.

import { Redis } from 'ioredis'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cleanEnvironment, waitUntil } from '../../support/processes.ts'
import { startRedisServer } from '../../support/redis-server.ts'
import { DOCUMENT_FIELDS } from '../../support/test-cloud.ts'
import type { Attempt } from './instances.ts'

const READER = fileURLToPath(new URL('./killed-read-sqlite.ts', import.meta.url))
const READ_LIMIT_MS = 30_000
const MAX_BYTES = 64 * 2 ** 20
const EXPIRY_BYTES = 4
const AUDIENCE_NAME_LENGTH = 32
const JTI_BYTES = 16

/** Where the service keeps its state. */
export interface KilledState {
  /** `ROLLCALL_LEDGER`. */
  readonly ledger: string
  /** Once the service is dead: waits until nothing that it asked for is still to be done. */
  settled(): Promise<void>
  /** The values of keys; nothing may be changing them. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, string>>
  close(): Promise<void>
}

/** What is stored of an attempt. */
export interface StoredOf {
  readonly spent: boolean
  /** Whether the instance's record is of this very enrollment. */
  readonly recorded: boolean
}

const idOf = (challenge: string): Buffer =>
  Buffer.from(challenge.slice(AUDIENCE_NAME_LENGTH), 'base64url').subarray(EXPIRY_BYTES)

/** The `jti` of what a challenge gives. */
export const jtiOf = (challenge: string): string =>
  createHash('sha256')
    .update('rollcall-jti-v1\n')
    .update(idOf(challenge))
    .digest()
    .subarray(0, JTI_BYTES)
    .toString('base64url')

const challengeKey = ({ challenge }: Attempt): string =>
  `challenge:${idOf(challenge).toString('base64url')}`

const instanceKey = ({ instance: { account, id } }: Attempt): string =>
  `instance:acs/${account}/${DOCUMENT_FIELDS['region-id']}/${id}`

/** Looks what is stored of attempts. */
export const storedOf = async (
  { read }: KilledState,
  attempts: readonly Attempt[],
): Promise<readonly StoredOf[]> => {
  const keys = attempts.flatMap((attempt) => [challengeKey(attempt), instanceKey(attempt)])
  const values = keys.length === 0 ? new Map<string, string>() : await read(keys)
  return attempts.map((attempt) => ({
    spent: values.has(challengeKey(attempt)),
    recorded: values.get(instanceKey(attempt))?.endsWith(` ${jtiOf(attempt.challenge)}`) ?? false,
  }))
}

/** A SQLite file. @param node one that has node:sqlite */
export const openSqliteState = async (node: string): Promise<KilledState> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-killed-'))
  const path = join(folder, 'ledger.db')
  const copy = join(folder, 'copy.db')
  return {
    ledger: `sqlite:${path}`,
    settled: async () => undefined,
    read(keys) {
      // A copy of it: a program that opens the file itself tidies up after the dead process.
      for (const end of ['', '-wal']) {
        rmSync(copy + end, { force: true })
        if (existsSync(path + end)) copyFileSync(path + end, copy + end)
      }
      return new Promise((resolve, reject) => {
        const options = { timeout: READ_LIMIT_MS, maxBuffer: MAX_BYTES, env: cleanEnvironment() }
        const { stdin } = execFile(node, [READER, copy], options, (error, stdout) => {
          if (error) reject(error)
          else resolve(new Map(JSON.parse(stdout) as [string, string][]))
        })
        stdin?.end(JSON.stringify(keys))
      })
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A Redis server. */
export const openRedisState = async (): Promise<KilledState> => {
  const server = await startRedisServer()
  const client = new Redis(server.url)
  const idle = async (): Promise<boolean> =>
    String(await client.client('LIST'))
      .trim()
      .split('\n').length === 1
  return {
    ledger: server.url,
    // What a dead process had sent is executed before its connection is seen to be gone.
    settled: () => waitUntil(idle, { seconds: 10, what: 'the end of the connections' }),
    async read(keys) {
      const values = await client.mget(keys.map((key) => `rollcall:${key}`))
      return new Map(
        values.flatMap((value, at) => (value === null ? [] : [[keys[at] ?? '', value] as const])),
      )
    },
    async close() {
      client.disconnect()
      await server.close()
    },
  }
}
