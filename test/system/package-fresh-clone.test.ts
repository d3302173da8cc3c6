// A fresh clone makes the package, and npm installs it into an empty folder: nothing is built before, and
// nothing of this project is beside it. Its own command then serves, emulates and enrolls.

import { transform } from 'esbuild'
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reservePort } from '../support/ports.ts'
import { installedWith } from '../support/packed-package.ts'
import { startProcess, waitUntil } from '../support/processes.ts'
import { createCleanMachine } from '../support/runnable-fences.ts'
import { claimsOf } from '../support/test-enroller.ts'
import { WHOLE_JOB, WHOLE_JOB_OUTPUT } from '../support/whole-job.ts'

const run = promisify(execFile)
const INSTALL_MS = 240_000

describe('a package of a fresh clone', () => {
  const { folder: clone, env, remove } = createCleanMachine()
  const project = join(dirname(clone), 'project')
  const bin = join(project, 'node_modules/.bin/rollcall')
  const rollcall = (...args: readonly string[]): Promise<{ readonly stdout: string }> =>
    run(bin, [...args], { cwd: project, env })

  beforeAll(async () => {
    await run('npm', ['ci'], { cwd: clone, env })
    await run('npm', ['pack', '--silent'], { cwd: clone, env })
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{"type":"module"}')
    await run('npm', ['install', join(clone, 'rollcall-0.1.0.tgz')], { cwd: project, env })
  }, INSTALL_MS)
  afterAll(remove)

  it('brings its three packages along, and no other', () => {
    const installed = readdirSync(join(project, 'node_modules')).filter((name) => name[0] !== '.')
    expect(installed.toSorted()).toEqual([...installedWith(), 'rollcall'].toSorted())
  })

  it('does the whole job in a program', async () => {
    const { code } = await transform(WHOLE_JOB, { loader: 'ts', target: 'es2022' })
    writeFileSync(join(project, 'job.js'), code)
    const { stdout } = await run(process.execPath, ['job.js'], { cwd: project, env })
    expect(stdout).toBe(WHOLE_JOB_OUTPUT)
  })

  it('does the whole job by its command: it serves, emulates and enrolls', async () => {
    const [port, metadataPort] = [`${await reservePort()}`, `${await reservePort()}`]
    const args = ['serve', '--dev', '--port', port, '--metadata-port', metadataPort]
    const service = startProcess(bin, args)
    try {
      await waitUntil(() => service.output.stderr.includes('enroll the emulated instance'), {
        seconds: 30,
        what: 'rollcall serve --dev',
        alive: () => service.child.exitCode === null,
      })
      const url = `http://127.0.0.1:${port}`
      const metadata = ['--metadata-url', `http://127.0.0.1:${metadataPort}`]
      const { stdout: id } = await rollcall('metadata', 'get', 'instance-id', ...metadata)
      const { stdout: token } = await rollcall('enroll', url, ...metadata)
      expect(claimsOf(token.trim())).toMatchObject({
        iss: url,
        ecs: { instance_id: id.trim() },
      })
    } finally {
      await service.stop()
    }
  })
})
