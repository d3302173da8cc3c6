// One file of the command touches the process. Everything else gets its surroundings from its run.

import { describe, expect, it } from 'vitest'
import { readProjectFile, typeScriptFiles } from '../../support/sources.ts'

const ENTRY = 'src/cli/main.ts'
const OF_THE_PROCESS =
  /\bconsole\.|\bprocess\.(?!platform\b|getuid\b|kill\(-)|\bprocess\[|\{[^}]*\}\s*=\s*process\b|\.env\('/

const codeOf = (path: string): string =>
  readProjectFile(path).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')

describe('src/cli/', () => {
  it('touches the process in its entry only', () => {
    // The recipes of apps are texts of programs, which use their own process.
    const own = typeScriptFiles('src/cli').filter((path) => !path.includes('/recipe/recipes/'))
    const found = own.filter((path) => OF_THE_PROCESS.test(codeOf(path)))
    expect(found).toEqual([ENTRY])
  })

  it('would notice code that does', () => {
    const lines = [
      'process.exit(1)',
      "process.env['X']",
      'console.log(1)',
      'const { stdout } = process',
      "new Option('--a').env('A')",
    ]
    for (const line of lines) expect(line).toMatch(OF_THE_PROCESS)
    for (const line of ['process.platform', 'process.kill(-pid)', 'subprocess.env']) {
      expect(line).not.toMatch(OF_THE_PROCESS)
    }
  })
})
