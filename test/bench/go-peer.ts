// The Go peer: a server, and a loop around the library for PKCS #7. It is built where Go and Debian's package of
// that library are installed.

import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { cleanEnvironment } from '../support/processes.ts'
import { findTool } from '../support/requirements.ts'
import { ROOT } from '../support/sources.ts'
import type { BenchEvidence } from './evidence.ts'
import { SkippedError } from './skipped.ts'

/** Where Debian puts the sources of Go's libraries. */
const GOPATH = '/usr/share/gocode'
const LIBRARY = 'go.mozilla.org/pkcs7'
const SOURCES = join(ROOT, 'test/bench/go')

/** Verifications of one round: 0.1 s or so. */
const CALLS = 1_000

/**
 * Builds the peer.
 * @param folder where its program is put
 * @returns the path of the program
 * @throws SkippedError without Go or the library
 */
export const buildGoPeer = async (folder: string): Promise<string> => {
  const go = findTool('go')
  if (go === undefined) throw new SkippedError('go is not installed: apt-get install golang-go')
  if (!existsSync(join(GOPATH, 'src', LIBRARY))) {
    const advice = 'apt-get install golang-github-fullsailor-pkcs7-dev'
    throw new SkippedError(`${LIBRARY} is not installed: ${advice}`)
  }
  const file = join(folder, 'go-peer')
  const sources = readdirSync(SOURCES).filter((name) => name.endsWith('.go'))
  await promisify(execFile)(go, ['build', '-o', file, ...sources], {
    cwd: SOURCES,
    env: cleanEnvironment({ GOPATH, GO111MODULE: 'off', GOFLAGS: '' }),
  })
  return file
}

/** Go's library, ready to verify one message many times. */
export interface GoVerifier {
  /** Microseconds of processor time of one verification. */
  cost(): Promise<number>
  close(): Promise<void>
}

/**
 * Starts a process that verifies a message by Go's library, and warms it up.
 * @throws SkippedError without Go or the library
 */
export const startGoVerifier = async (
  folder: string,
  { cloud, jwks, pkcs7 }: Pick<BenchEvidence, 'cloud' | 'jwks' | 'pkcs7'>,
): Promise<GoVerifier> => {
  const child = spawn(await buildGoPeer(folder), ['verify'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: cleanEnvironment({
      ROLLCALL_TRUST_ANCHORS: cloud.certificatePem,
      ROLLCALL_SIGNING_KEYS: JSON.stringify(jwks),
    }),
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  child.stdin.write(`${pkcs7}\n`)
  const cost = async (): Promise<number> => {
    child.stdin.write(`${CALLS}\n`)
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the Go peer ended')
    return Number(value) / 1000
  }
  await cost()
  return {
    cost,
    async close() {
      child.stdin.end()
      child.kill()
    },
  }
}
