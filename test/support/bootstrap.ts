// bootstrap.sh as an instance runs it: a real shell and a real curl.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { bootstrapScript } from '../../src/http/bootstrap-script.ts'
import type { ClientServers } from './client-servers.ts'
import type { Run } from './command.ts'
import { ROLE } from './test-enroller.ts'
import { cleanEnvironment } from './processes.ts'
import { findTool } from './requirements.ts'

const LIMIT_MS = 50_000

/** Runs a script text in a shell, as `curl ... | sh` does: from standard input. */
export const runScript = async (
  shell: readonly [string, ...string[]],
  script: string,
  env: Record<string, string>,
): Promise<Run> => {
  const [command, ...args] = shell
  const child = spawn(command, args, { env: cleanEnvironment(env), timeout: LIMIT_MS })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => undefined).end(script)
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout, stderr }
}

/**
 * Puts programs into a folder, which is made if it is missing.
 * @param programs text of a shell script, by name
 * @returns a PATH on which they are found before the real ones
 */
export const pathWith = (folder: string, programs: Readonly<Record<string, string>>): string => {
  mkdirSync(folder, { recursive: true })
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    chmodSync(join(folder, name), 0o755)
  }
  return `${folder}:${process.env['PATH']}`
}

/** The time of one run of the script, which passes only where the script sleeps or the test says so. */
export interface ScriptTime {
  /** For the environment of the script. */
  readonly PATH: string
  /** The seconds of each `sleep`. */
  slept(): string[]
  /** Lets time pass. */
  pass(seconds: number): void
}

/**
 * Makes time for one run: `sleep` moves the clock and does not wait.
 * @param folder where to put the programs; its content belongs to this run
 * @param programs more programs for the PATH
 */
export const createScriptTime = (
  folder: string,
  programs: Readonly<Record<string, string>> = {},
): ScriptTime => {
  mkdirSync(folder, { recursive: true })
  const [clock, log] = [join(folder, 'clock'), join(folder, 'slept')]
  writeFileSync(clock, '1000')
  writeFileSync(log, '')
  const PATH = pathWith(join(folder, 'bin'), {
    sleep: `echo "$1" >>'${log}'\nnow=$(cat '${clock}')\necho $((now + $1)) >'${clock}'`,
    // The script reads seconds with this one.
    cut: `case $* in *uptime) cat '${clock}' ;; *) exec ${findTool('cut')} "$@" ;; esac`,
    ...programs,
  })
  return {
    PATH,
    slept: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    pass: (seconds) => writeFileSync(clock, String(Number(readFileSync(clock, 'utf8')) + seconds)),
  }
}

/** Runs the script of a servers. */
export const enrollIn = (
  servers: ClientServers,
  env: Record<string, string> = {},
  shell: readonly [string, ...string[]] = ['sh'],
): Promise<Run> =>
  runScript(shell, bootstrapScript({ issuer: servers.url, role: ROLE }), {
    ROLLCALL_METADATA_URL: servers.metadataUrl,
    ...env,
  })

/** A problem document as the service sends it, with members of a test's own. */
export const problem = (
  status: number,
  code: string,
  members: Readonly<Record<string, unknown>> = {},
): Response =>
  Response.json(
    { type: 'about:blank', title: 'no', status, code, request_id: 'r', ...members },
    { status, headers: { 'Content-Type': 'application/problem+json' } },
  )
