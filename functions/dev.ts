// `npm run dev`: the Worker under `wrangler dev`, on exactly the requested port. Without a
// `.dev.vars` of yours it runs a trial: throw-away keys, a policy, and an emulated instance that
// the policy admits.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CommandError } from '../src/cli/command-error.ts'
import { startTrial, writeVariables } from '../src/cli/serve/trial.ts'
import { say } from '../src/service.ts'
import { checkFree, readArguments } from './dev-arguments.ts'

const POLL_MS = 200

/** Prints how to enroll once the Worker answers. */
const announce = async (issuer: string, enrollLine: string, child: ChildProcess): Promise<void> => {
  const isReady = () =>
    fetch(`${issuer}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (child.exitCode === null && !(await isReady())) await wait(POLL_MS)
  if (child.exitCode === null) say(`enroll the emulated instance with:\n\n${enrollLine}\n`)
}

const run = async (): Promise<number> => {
  const { port, metadataPort, passedOn } = readArguments(process.argv.slice(2))
  await checkFree(port)
  const configured = passedOn.some((arg) => /^(?:-e|-c|--(?:env|env-file|var|config))\b/.test(arg))
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-dev-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const issuer = `http://localhost:${port}`
  const trial =
    configured || existsSync('.dev.vars') ? undefined : await startTrial({ issuer, metadataPort })
  const more = trial && [`--env-file=${writeVariables(folder, trial)}`, `--persist-to=${folder}`]

  const wrangler = fileURLToPath(new URL('../bin/wrangler.js', import.meta.resolve('wrangler')))
  const args = [wrangler, 'dev', `--port=${port}`, ...(more ?? []), ...passedOn]
  // The Worker does not read `request.cf`, so wrangler need not fetch it.
  const env = { CLOUDFLARE_CF_FETCH_ENABLED: 'false', ...process.env }
  const child = spawn(process.execPath, args, { stdio: 'inherit', env })
  // A terminal sends Ctrl-C to both processes; this one ends when wrangler has ended.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  if (trial !== undefined) void announce(issuer, trial.enrollLine, child)
  const [status] = (await once(child, 'exit')) as [number | null]
  return status ?? 1
}

process.exit(
  await run().catch((error: unknown) => {
    if (!(error instanceof CommandError)) throw error
    say(error.message)
    return error.status
  }),
)
