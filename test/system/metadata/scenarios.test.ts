// The scenarios, driven twice: by the project's client and by bootstrap.sh, each as a process.

import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type BootstrapScene,
  type Run,
  enrollIn,
  setBootstrapScene,
} from '../../support/bootstrap.ts'
import { ROLE, claimsOf } from '../../support/enrollment.ts'
import { cleanEnvironment, freePort } from '../../support/processes.ts'
import { requireTool } from '../../support/requirements.ts'
import { ROOT } from '../../support/sources.ts'
import { type Outcome, SCENARIOS, type Scenario } from './scenarios.ts'

const LIMIT_MS = 50_000

let scene: BootstrapScene | undefined
afterEach(() => scene?.close())

const environmentOf = async ({ mode, isDown }: Scenario): Promise<Record<string, string>> => ({
  ...(mode === undefined ? {} : { ROLLCALL_METADATA_MODE: mode }),
  ...(isDown ? { ROLLCALL_METADATA_URL: `http://127.0.0.1:${await freePort()}` } : {}),
})

/** Runs bootstrap.sh, with a `date` that is as wrong as the scenario says. */
const byScript = async (scenario: Scenario, of: BootstrapScene): Promise<Run> => {
  const env = await environmentOf(scenario)
  const { clockShiftSeconds } = scenario
  if (clockShiftSeconds === undefined) return enrollIn(of, env)
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-clock-'))
  try {
    const seconds = Math.floor(Date.now() / 1000) + clockShiftSeconds
    writeFileSync(join(folder, 'date'), `#!/bin/sh\necho ${seconds}\n`)
    chmodSync(join(folder, 'date'), 0o755)
    return await enrollIn(of, { ...env, PATH: `${folder}:${process.env['PATH']}` })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs the client, with a `Date` that is as wrong as the scenario says. */
const byClient = async (scenario: Scenario, of: BootstrapScene): Promise<Run> => {
  const env = cleanEnvironment({
    SERVICE_URL: of.url,
    ROLLCALL_ROLE: ROLE,
    ROLLCALL_METADATA_URL: of.metadata.url,
    CLOCK_SHIFT_SECONDS: String(scenario.clockShiftSeconds ?? 0),
    ...(await environmentOf(scenario)),
  })
  const program = join(ROOT, 'test/system/metadata/enroll-by-client.ts')
  const args = ['--import', import.meta.resolve('tsx'), program]
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      args,
      { env, timeout: LIMIT_MS },
      (_, stdout, stderr) => resolve({ status: child.exitCode, stdout, stderr }),
    )
  })
}

/** What the script says, or the client's codes, by outcome. */
const SAID: Readonly<Record<Exclude<Outcome, 'token'>, readonly [script: RegExp, client: RegExp]>> =
  {
    'no service': [/no metadata service at http/, /^(?:unreachable|unavailable) /],
    'no hardened mode': [
      /no hardened mode at .*set ROLLCALL_METADATA_MODE=auto/,
      /^no_hardened_mode /,
    ],
    'no token': [
      /gives no (?:metadata token|instance-identity\/document) \(status 40[13]/,
      /^token_refused /,
    ],
    'not found': [/gives no instance-identity\/\w+ \(status 404/, /^not_found /],
  }

describe.each([
  ['bootstrap.sh', 0, byScript],
  ['the client', 1, byClient],
] as const)('%s', (_, driver, enroll) => {
  it.for(SCENARIOS)('ends with $outcome: $name', async (scenario, context) => {
    for (const tool of ['curl', 'sha256sum', 'base64', 'od']) {
      requireTool(context, tool, `apt-get install ${tool === 'curl' ? tool : 'coreutils'}`)
    }
    scene = await setBootstrapScene({ emulator: scenario.emulator ?? {} })
    const run = await enroll(scenario, scene)
    if (scenario.outcome === 'token') {
      expect(run.stderr.replace(/^rollcall: no hardened mode .*\n/, '')).toBe('')
      expect(run.status).toBe(0)
      const { ecs } = claimsOf(run.stdout) as { ecs: { instance_id: string } }
      expect(ecs.instance_id).toBe(scene.metadata.emulator.instances[0]?.instanceId)
    } else {
      expect(run).toMatchObject({ status: 3, stdout: '' })
      expect(run.stderr).toMatch(SAID[scenario.outcome][driver])
    }
  })
})
