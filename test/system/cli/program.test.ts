// How a command ends when what it waits for can't come any more.

import { execFile } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { EXIT } from '../../../src/cli/exit-status.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { ROOT } from '../../support/sources.ts'

const scriptOf = (action: string): string => `
  import { main } from './src/cli/main.ts'
  import { createProgram } from './src/cli/program.ts'
  import { thisRun } from './src/cli/run.ts'
  const program = createProgram('it')
  program.command('go').action(${action})
  void main(program, 'go')`

const statusOf = (script: string): Promise<number> =>
  new Promise((resolve) => {
    const args = ['--import', 'tsx', '--input-type=module', '--eval', script]
    const child = execFile(process.execPath, args, { cwd: ROOT, env: cleanEnvironment() })
    child.once('close', (status) => resolve(status ?? -1))
  })

describe('main()', () => {
  it.each([
    ['done', 'async () => undefined', EXIT.done],
    ['set by the action', 'async () => thisRun().exitWith(4)', 4],
    ['given where it was cut', '() => new Promise(() => thisRun().end(3))', 3],
    ['incomplete if nothing can end it', '() => new Promise(() => undefined)', EXIT.brokeOff],
  ])('ends with the status %s', async (_, action, status) => {
    expect(await statusOf(scriptOf(action))).toBe(status)
  })
})
