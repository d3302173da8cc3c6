// Each subcommand once as a real process: the bundle loads what the subcommand needs, takes its input from the
// process, and ends by itself while standard input stays open.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ClientServers, startClientServers } from '../../support/client-servers.ts'
import type { RollcallCommand } from '../../support/command.ts'
import { type ProcessOptions, buildCommand } from '../../support/command-process.ts'
import { ROLE } from '../../support/test-enroller.ts'
import { createTestCloud, documentText } from '../../support/test-cloud.ts'

const POLICY = JSON.stringify({
  roles: {
    [ROLE]: {
      match: { owner_account_id: ['1'] },
      token: { audience: ['https://cluster.example'] },
      reenrollment: 'always',
    },
  },
})

let command: RollcallCommand<ProcessOptions>
let servers: ClientServers
let pkcs7: string
beforeAll(async () => {
  command = await buildCommand()
  servers = await startClientServers()
  const cloud = await createTestCloud()
  pkcs7 = Buffer.from(cloud.sign(documentText())).toString('base64')
  writeFileSync(join(command.folder, 'document.json'), documentText())
  writeFileSync(join(command.folder, 'pkcs7.txt'), pkcs7)
  writeFileSync(join(command.folder, 'cloud.pem'), cloud.certificatePem)
})
afterAll(async () => {
  await servers.close()
  command.remove()
})

interface Entry {
  readonly args: readonly string[]
  readonly stdin?: string
  readonly env?: Record<string, string>
  readonly status?: number
  /** Standard output, or standard error if the status isn't 0. */
  readonly says: RegExp
}

/** The subcommands that no other test of this folder starts, by name. */
const ENTRIES: Readonly<Record<string, () => Entry>> = {
  '--version': () => ({ args: [], says: /^\d+\.\d+\.\d+\n$/ }),
  enroll: () => ({
    args: [servers.url],
    env: { ROLLCALL_METADATA_URL: servers.metadataUrl, ROLLCALL_ROLE: ROLE },
    says: /^ey[\w-]+\.[\w-]+\.[\w-]+$/,
  }),
  doctor: () => ({
    args: [servers.url, '--metadata-url', servers.metadataUrl],
    says: /^ok {4}challenge/m,
  }),
  'metadata get': () => ({
    args: ['instance-id'],
    env: { ROLLCALL_METADATA_URL: servers.metadataUrl },
    says: /^i-\w+$/,
  }),
  verify: () => ({
    args: ['document.json', 'pkcs7.txt', '--trust-anchor', 'cloud.pem'],
    says: /^verified: /,
  }),
  inspect: () => ({ args: ['-'], stdin: pkcs7, says: /^PKCS#7 SignedData/ }),
  keygen: () => ({ args: [], says: /^\{"keys":\[\{/ }),
  'policy check': () => ({ args: ['-'], stdin: POLICY, says: new RegExp(`valid, role ${ROLE}`) }),
  'admin keygen': () => ({ args: ['--out', 'operator.json'], says: /^\{"keys":\[\{/ }),
  emulate: () => ({
    args: ['--describe', 'document.json'],
    status: 2,
    says: /expected \{"instances": \[\.\.\.\]\}/,
  }),
  'ledger renew-epoch': () => ({
    args: [],
    env: { ROLLCALL_ISSUER: 'https://rollcall.example', ROLLCALL_LEDGER: 'memory:' },
    status: 2,
    says: /ROLLCALL_LEDGER: expected sqlite:PATH/,
  }),
}

describe.concurrent('rollcall', () => {
  it.for(Object.entries(ENTRIES))('%s', async ([name, entry]) => {
    const { args, stdin, env = {}, status = 0, says } = entry()
    const run = await command.run([...name.split(' '), ...args], {
      env,
      ...(stdin === undefined ? { keepsStdinOpen: true } : { stdin }),
    })
    expect(run.status, run.stderr).toBe(status)
    expect(status === 0 ? run.stdout : run.stderr).toMatch(says)
  })
})
