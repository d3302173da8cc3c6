// Node 20, the oldest that must work: with Redis, and with the clear refusal of what it lacks.

import { describe, expect, it } from 'vitest'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { waitForEnd } from '../../support/output.ts'
import { startProcess } from '../../support/processes.ts'
import { POLICY } from '../../support/test-service.ts'
import { entryOf, onProcess } from './deploy.ts'
import { describeRuntime } from '../../cases/runtime/cases.ts'

const NODE = { command: process.execPath, args: ['--import', 'tsx', 'functions/node.ts'] }

describeRuntime(
  'Node 20, Redis',
  new RegExp(`^node ${process.version}`),
  onProcess('redis', () => entryOf(NODE.command, ...NODE.args)),
)

describe.runIf(process.versions.node.startsWith('20.'))('Node 20, SQLite', () => {
  it('refuses to start, and says which Node has it', async ({ task }) => {
    task.meta.engine = `node ${process.version}`
    const server = startProcess(NODE.command, NODE.args, {
      ROLLCALL_ISSUER: 'http://localhost',
      ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
      ROLLCALL_POLICY: JSON.stringify(POLICY),
      ROLLCALL_LEDGER: 'sqlite:/tmp/never-made.db',
    })
    expect(await waitForEnd(server)).toBe(2)
    expect(server.output.stderr).toMatch(/ROLLCALL_LEDGER: .*Node has it from 22\.13 on/)
  })
})
