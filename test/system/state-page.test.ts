// The drill of docs/state.md: a backup and a restore, run as the page prints them, ports apart.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { requireNode24 } from '../support/node24.ts'
import { reservePort } from '../support/ports.ts'
import { cleanEnvironment } from '../support/processes.ts'
import { runFences, runnableFences, withPorts } from '../support/runnable-fences.ts'
import { ROOT, readProjectFile } from '../support/sources.ts'

const LIMIT_SECONDS = 90

it(
  'the drill of docs/state.md loses what came after the backup, and nothing else',
  async (context) => {
    const node = await requireNode24(context)
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-drill-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const page = readProjectFile('docs/state.md').replace('```sh drill', '```sh runnable')
    const ports = { service: await reservePort(), metadata: await reservePort() }
    const fences = withPorts(runnableFences(page), ports).map(({ line, script }) => ({
      line,
      script: script.replaceAll(
        'serve --dev',
        `serve --dev --port ${ports.service} --metadata-port ${ports.metadata}`,
      ),
    }))
    expect(fences).toHaveLength(1)
    const PATH = [dirname(node), process.env['PATH']].join(delimiter)
    const env = cleanEnvironment({ PATH, TMPDIR: folder })
    const { status, output } = await runFences(
      fences,
      { folder: ROOT, env, remove() {} },
      LIMIT_SECONDS,
    )
    expect(status, output).toBe(0)
    const restored = output.slice(output.indexOf('The ledger now begins at'))
    expect(restored).toContain('{"status":"ready"}')
    expect(restored).toMatch(/\bi-[a-z0-9]{20}\b/)
    expect(restored).toContain('m-bp1aaaaaaaaaaaaaaaaa')
    expect(restored).not.toContain('m-bp2aaaaaaaaaaaaaaaaa')
  },
  (LIMIT_SECONDS + 60) * 1000,
)
