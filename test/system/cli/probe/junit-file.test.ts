// The file of `rollcall probe --junit`: whole or as it was, and never the reason that a report is lost.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestIssuer, startTestIssuer } from '../../../../src/cli/probe/test-issuer.ts'
import { type RollcallCommand, createCommand } from '../../../support/command.ts'
import { startListening } from '../../../support/listening.ts'

const AUDIENCE = 'https://app.example'
const OLD = '<testsuites>the old report</testsuites>\n'

let issuer: TestIssuer
let command: RollcallCommand
beforeAll(async () => {
  const about = { audience: AUDIENCE, role: 'worker', account: '1', region: 'cn-hangzhou' }
  issuer = await startTestIssuer({ host: '127.0.0.1', port: 0, algorithm: 'ES256', ...about })
  command = createCommand()
  writeFileSync(join(command.folder, 'good'), issuer.good())
})
afterAll(async () => {
  command.remove()
  await issuer.close()
})

const at = (name: string): string => join(command.folder, name)

/** Probes a door that admits all. @param onToken is called for each token */
const probe = async (file: string, onToken: () => void = () => undefined) => {
  const door = await startListening(
    createServer((_, response) => {
      onToken()
      response.writeHead(200).end()
    }),
  )
  const args = ['--audience', AUDIENCE, '--token', 'good', '--junit', file]
  const run = await command.run(['probe', `http://127.0.0.1:${door.port}/`, ...args])
  await door.close()
  return run
}

describe('the file of rollcall probe --junit', () => {
  it('cannot be a pipe, a device or a folder: says so, and shows no token', async () => {
    execFileSync('mkfifo', [at('pipe')])
    mkdirSync(at('folder'))
    let shown = 0
    for (const path of ['pipe', '/dev/null', 'folder']) {
      const run = await probe(path, () => shown++)
      expect(run).toMatchObject({ status: 2, stdout: '' })
      expect(run.stderr).toContain(`--junit: ${path} is a folder, a device or a pipe`)
    }
    expect(shown).toBe(0)
  })

  it('that cannot be written at the end costs nobody the printed report', async () => {
    const run = await probe('lost.xml', () => {
      rmSync(at('lost.xml'), { force: true, recursive: true })
      mkdirSync(at('lost.xml'))
    })
    expect(run.status).toBe(2)
    expect(run.stdout).toContain('ADMITTED   no token: 200')
    expect(run.stderr).toContain('--junit: cannot write lost.xml (E')
    expect(readdirSync(command.folder).filter((name) => name.startsWith('lost.xml.'))).toEqual([])
  })

  it('is replaced at once, and a link still leads to it', async () => {
    writeFileSync(at('real.xml'), OLD)
    symlinkSync('real.xml', at('link.xml'))
    const seen = new Set<string>()
    const run = await probe('link.xml', () => seen.add(readFileSync(at('real.xml'), 'utf8')))
    expect(run.status).toBe(1)
    expect([...seen]).toEqual([OLD])
    const text = readFileSync(at('real.xml'), 'utf8')
    expect(text).toContain('name="no token"')
    expect(text).toMatch(/<\/testsuites>\n$/)
    expect(readFileSync(at('link.xml'), 'utf8')).toBe(text)
  })
})
