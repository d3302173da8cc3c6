// The build step of the sample environments for Workers: a bad configuration is not uploaded.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, expect, it } from 'vitest'
import { createMetadataEmulator } from '../../../src/emulator/index.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { ROOT } from '../../support/sources.ts'
import { ENVIRONMENTS, changeConfig, copyDeployable, copySample } from './deployable.ts'

/** A folder for one test. */
const newFolder = ({ onTestFinished }: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-before-deploy-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A folder with what can be deployed. */
const newDeployable = (context: TestContext): string => {
  const folder = newFolder(context)
  copyDeployable(folder)
  return folder
}

const run = (folder: string, args: readonly string[], env: Record<string, string> = {}) =>
  new Promise<{ status: unknown; output: string }>((resolve) => {
    const options = { cwd: folder, env: cleanEnvironment({ NO_COLOR: '1', ...env }) }
    execFile(process.execPath, [...args], options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : error.code, output: stdout + stderr }),
    )
  })

/** Runs the step as wrangler does. */
const check = (folder: string, environment: string, command = 'deploy') =>
  run(folder, ['functions/before-deploy.mjs', environment], { WRANGLER_COMMAND: command })

describe.concurrent.each(ENVIRONMENTS)('the sample environment %s', (environment) => {
  const PLACEHOLDER = /ROLLCALL_ISSUER: "https:\/\/[a-z.]+\.example" is a placeholder; set the URL/
  const NO_POLICY = `ROLLCALL_POLICY_FILE: cannot read ./policy-${environment}.json`

  it('is not uploaded by `wrangler deploy`, which says why', async (context) => {
    const folder = newFolder(context)
    copySample(folder)
    const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')
    const args = [wrangler, 'deploy', '--dry-run', `--env=${environment}`, '--outdir=out']
    const { status, output } = await run(folder, args, { WRANGLER_SEND_METRICS: 'false' })
    expect(status).toBe(1)
    expect(output).toContain(`the environment ${environment} cannot be deployed`)
    expect(output).toMatch(PLACEHOLDER)
    expect(output).toContain(NO_POLICY)
    expect(output).not.toContain('--dry-run: exiting now')
  })

  it.for(['deploy', 'versions upload', ''])(
    'is refused for the command %j as it is, and taken once issuer and policy are there',
    async (command, context) => {
      const folder = newFolder(context)
      copySample(folder)
      const refused = await check(folder, environment, command)
      expect(refused.status).toBe(1)
      expect(refused.output).toMatch(PLACEHOLDER)
      rmSync(folder, { recursive: true })
      copyDeployable(folder)
      expect(await check(folder, environment, command)).toEqual({ status: 0, output: '' })
    },
  )

  it.for(['dev', 'types'])('is not looked at for `wrangler %s`', async (command, context) => {
    const folder = newFolder(context)
    copySample(folder)
    expect(await check(folder, environment, command)).toEqual({ status: 0, output: '' })
  })
})

describe.concurrent('before-deploy.mjs', () => {
  it('refuses a policy that the service would refuse', async (context) => {
    const folder = newDeployable(context)
    writeFileSync(join(folder, 'functions/policy-production.json'), '{"roles":{}}')
    const { status, output } = await check(folder, 'production')
    expect(status).toBe(1)
    expect(output).toContain('ROLLCALL_POLICY: roles: expected at least one role')
  })

  it('refuses a certificate of the emulator', async (context) => {
    const folder = newDeployable(context)
    const { certificatePem } = await createMetadataEmulator({ seed: 'deploy' })
    const variable = `ROLLCALL_TRUST_ANCHORS = """${certificatePem}"""`
    changeConfig(folder, /^ROLLCALL_ISSUER = "https.*$/gm, `$&\n${variable}`)
    const { status, output } = await check(folder, 'production')
    expect(status).toBe(1)
    expect(output).toContain('ROLLCALL_TRUST_ANCHORS: certificate 1 was made by an emulator')
  })

  it('takes an environment whose policy is a secret', async (context) => {
    const folder = newDeployable(context)
    changeConfig(folder, /^ROLLCALL_POLICY_FILE.*$/gm, '')
    expect(await check(folder, 'production')).toEqual({ status: 0, output: '' })
  })

  it('prints no secret that stands in the file by mistake', async (context) => {
    const folder = newDeployable(context)
    const keys = await generateSigningKeys('ES256')
    const [{ d = '?' } = {}] = keys.keys as { d?: string }[]
    const variable = `ROLLCALL_SIGNING_KEYS = '${JSON.stringify(keys).replace('"EC"', '"E"')}'`
    changeConfig(folder, /^ROLLCALL_ISSUER = "https.*$/gm, `$&\n${variable}`)
    const { status, output } = await check(folder, 'production')
    expect(status).toBe(1)
    expect(output).toContain('ROLLCALL_SIGNING_KEYS: ')
    expect(output).not.toContain(d)
  })
})
