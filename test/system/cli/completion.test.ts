// The completion scripts, each loaded by its shell, which asks the command as its users do.

import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RollcallCommand } from '../../support/command.ts'
import { type ProcessOptions, buildCommand } from '../../support/command-process.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { requireTool } from '../../support/requirements.ts'

/** A shell that waits for what never comes is ended. */
const TIMEOUT_MS = 20_000

let command: RollcallCommand<ProcessOptions>
beforeAll(async () => {
  command = await buildCommand()
  mkdirSync(join(command.folder, 'bin'))
  const script = `#!/bin/sh\nexec '${process.execPath}' '${command.folder}/dist/cli/rollcall.js' "$@"\n`
  writeFileSync(join(command.folder, 'bin/rollcall'), script, { mode: 0o755 })
  mkdirSync(join(command.folder, 'files'))
  writeFileSync(join(command.folder, 'files/my policy.json'), '{}')
  writeFileSync(join(command.folder, 'files/other.txt'), '')
})
afterAll(() => command.remove())

/** Runs a shell in a folder with two files, with the command in its path. */
const runShell = async (tool: string, args: readonly string[]): Promise<string[]> => {
  const clean = cleanEnvironment()
  const env = { ...clean, PATH: `${join(command.folder, 'bin')}${delimiter}${clean['PATH']}` }
  const cwd = join(command.folder, 'files')
  const { stdout } = await promisify(execFile)(tool, [...args], { cwd, env, timeout: TIMEOUT_MS })
  return stdout.split('\n').filter((line) => line !== '')
}

const WORDS = [
  [['adm'], ['admin']],
  [
    ['admin', 'ban', ''],
    ['account', 'image', 'instance'],
  ],
  [['verify', '--trust'], ['--trust-anchor']],
  [['policy', 'check', 'my'], ['my policy.json']],
] as const

describe('completion in bash', () => {
  const complete = (tool: string, words: readonly string[]): Promise<string[]> => {
    const script = `
      eval "$(rollcall completion bash)"
      COMP_WORDS=(rollcall "$@"); COMP_CWORD=$#
      complete -p rollcall >&2 && _rollcall && printf '%s\\n' "\${COMPREPLY[@]}"`
    return runShell(tool, ['--norc', '-c', script, 'bash', ...words])
  }

  it.each(WORDS)('completes %j to %j', async (words, expected) => {
    expect(await complete('bash', words)).toEqual(expected)
  })

  it('completes the value of an option, which it splits at =', async () => {
    expect(await complete('bash', ['keygen', '--algorithm', '=', 'R'])).toEqual(['RS256'])
    expect(await complete('bash', ['keygen', '--out', '=', 'oth'])).toEqual(['other.txt'])
  })
})

describe('completion in zsh', () => {
  /** Types into an interactive zsh, presses tab, and has zsh print the line that it has now. */
  const typeInto = async (tool: string, typed: string): Promise<string[]> => {
    const setup = [
      'autoload -Uz compinit',
      'compinit -D -u',
      'eval "$(rollcall completion zsh)"',
      'show() { zle -I; print -r -- "<$BUFFER>" }',
      'zle -N show',
      'bindkey "^Xs" show',
      'echo rea""dy',
    ]
    const script = `
      zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell '${setup.join('; ')}'
      zpty -r shell line '*ready*'
      zpty -w -n shell "$1"$'\\t\\C-xs'
      zpty -r shell line '*<rollcall*>*'
      print -r -- "\${\${line##*<}%%>*}"
      zpty -d shell`
    return runShell(tool, ['-f', '-c', script, 'zsh', typed])
  }

  it.for([
    ['rollcall adm', 'rollcall admin '],
    ['rollcall admin ban ins', 'rollcall admin ban instance '],
    ['rollcall verify --trust', 'rollcall verify --trust-anchor '],
    ['rollcall keygen --algorithm=R', 'rollcall keygen --algorithm=RS256 '],
    ['rollcall policy check my', 'rollcall policy check my\\ policy.json '],
  ] as const)('makes of %j and a tab %j', async ([typed, whole], context) => {
    const tool = requireTool(context, 'zsh', 'apt-get install zsh')
    expect(await typeInto(tool, typed)).toEqual([whole])
  })
})

describe('completion in fish', () => {
  it.for<readonly [string, readonly unknown[]]>([
    ['rollcall adm', ['admin\tManage the instances that a service has enrolled.']],
    ['rollcall admin ban i', ['image\twhat to name', 'instance\twhat to name']],
    ['rollcall keygen --algorithm=R', [expect.stringMatching(/^--algorithm=RS256\t/)]],
    ['rollcall policy check my', ['my policy.json']],
    ['rollcall keygen --out=oth', ['--out=other.txt']],
  ])('completes %j to %j', async ([typed, expected], context) => {
    const tool = requireTool(context, 'fish', 'apt-get install fish')
    const script = 'rollcall completion fish | source; complete -C $argv[1]'
    expect(await runShell(tool, ['--no-config', '-c', script, typed])).toEqual(expected)
  })
})
