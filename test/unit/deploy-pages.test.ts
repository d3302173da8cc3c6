// The pages for administrators of a service: one shape for each platform, policies that the code accepts, and only
// names that exist.

import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { OPERATOR_CALLS } from '../../src/base/wire/operator-calls.ts'
import { createRollcall } from '../../src/cli/commands.ts'
import { VARIABLES } from '../../src/config/variables.ts'
import { parsePolicy } from '../../src/policy/policy.ts'
import { tableRows } from '../support/markdown.ts'
import { pagePaths } from '../support/pages.ts'
import { readProjectFile } from '../support/sources.ts'

const HEADINGS = ['What you need', 'Steps', 'Check that it works', 'Update', 'Limits', 'Where next']
/** The page with two platforms, each with steps of its own. */
const TWO_PLATFORMS = ['Docker Compose', 'Kubernetes']

const deployPages = pagePaths().filter((path) => path.startsWith('docs/deploy/'))
const pages = [...deployPages, 'docs/state.md', 'docs/figures.md']

const headingsOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading)

/** The lines of the shell fences, continued lines as one, without comments. */
const commandLines = (markdown: string): string[] =>
  [...markdown.matchAll(/^( *)```sh(?: .*)?\n([^]*?)^\1```$/gm)].flatMap(([, , script = '']) =>
    script
      .replaceAll(/\\\n */g, '')
      .split('\n')
      .map((line) => line.trim().replace(/(?:^| +)#.*$/, '')),
  )

/** What is called as `rollcall`: the words behind it, up to a pipe, a redirection or the next command. */
const callsOf = (line: string): string[][] =>
  [
    ...line.matchAll(
      /(?:^|(?<!-[npT])[ ("])(?:rollcall(?:\.cjs)?|run --silent rollcall --) ([a-z][^|<>&;)]*)/g,
    ),
  ].map(([, words = '']) => words.trim().split(/ +/))

/** What is wrong with a call: a subcommand or an option that does not exist. */
const unknownIn = (program: Command, words: readonly string[]): string | undefined => {
  let command = program
  for (const word of words) {
    const [name = ''] = word.split('=')
    if (name.startsWith('--')) {
      if (!command.options.some(({ long }) => long === name)) return `${command.name()} ${name}`
      continue
    }
    const next = command.commands.find((it) => it.name() === name)
    if (next === undefined && command.commands.length > 0) return `${command.name()} ${name}`
    command = next ?? command
  }
  return undefined
}

describe('the pages of docs/deploy', () => {
  it('are there for each platform', () => {
    expect(deployPages.map((path) => path.replace(/.*\//, ''))).toEqual([
      'deno.md',
      'function-compute.md',
      'kubernetes.md',
      'node.md',
      'workers.md',
    ])
  })

  it.each(deployPages)('%s has the shape of all', (path) => {
    const headings = headingsOf(readProjectFile(path))
    const wanted = HEADINGS.filter((it) => it !== 'Steps' || headings.includes('Steps'))
    expect(headings.filter((it) => wanted.includes(it))).toEqual(wanted)
    if (!headings.includes('Steps')) expect(headings).toEqual(expect.arrayContaining(TWO_PLATFORMS))
  })

  it.each(deployPages)(
    '%s has a policy that is accepted with an account, and not without',
    (path) => {
      const policies = [
        ...readProjectFile(path).matchAll(/policy[a-z-]*\.json <<END\n([^]*?)^ *END$/gm),
      ]
      expect(policies).toHaveLength(1)
      for (const [, text = ''] of policies) {
        expect(text.split('$account')).toHaveLength(2)
        expect(parsePolicy(text.replace('$account', '1609123456789012'))).toMatchObject({
          roles: {},
        })
        expect(() => parsePolicy(text.replace('$account', 'YOUR-ACCOUNT-ID'))).toThrow(
          'expected the digits of an account id',
        )
      }
    },
  )

  it.each(deployPages)('%s gives the times of a rotation', (path) => {
    const text = readProjectFile(path).replaceAll(/\s+/g, ' ')
    expect(text).toContain('10 minutes')
    expect(text).toContain('70 minutes')
  })
})

describe('docs/state.md', () => {
  it('names every action of operators that changes something', () => {
    // The table stands in a list.
    const page = readProjectFile('docs/state.md').replaceAll(/^ +/gm, '')
    const named = tableRows(page, '`action`').flatMap(([cell = '']) => cell.split(', '))
    const changing = Object.entries(OPERATOR_CALLS).filter(([, { scope }]) => scope === 'write')
    expect(named.toSorted()).toEqual(changing.map(([action]) => action).toSorted())
  })
})

describe('what the pages call', () => {
  it('unknownIn() finds what does not exist', () => {
    const program = createRollcall()
    expect(unknownIn(program, ['policy', 'check', '-'])).toBeUndefined()
    expect(unknownIn(program, ['policy', 'chek', '-'])).toBe('policy chek')
    expect(unknownIn(program, ['keygen', '--outt', 'x'])).toBe('keygen --outt')
    expect(callsOf('a | npm run --silent rollcall -- policy check - > x')).toEqual([
      ['policy', 'check', '-'],
    ])
  })

  it.each(pages)('%s names subcommands and options that exist', (path) => {
    const program = createRollcall()
    const lines = commandLines(readProjectFile(path))
    const calls = lines.flatMap(callsOf)
    const keygen = lines
      .flatMap((line) => [...line.matchAll(/npm run keygen -- ([^|<>&;)]*)/g)])
      .map(([, words = '']) => ['keygen', ...words.trim().split(/ +/)])
    expect([...calls, ...keygen].map((words) => unknownIn(program, words))).toEqual(
      [...calls, ...keygen].map(() => undefined),
    )
  })

  it.each(pages)('%s names scripts and variables that exist', (path) => {
    const text = readProjectFile(path)
    const { scripts } = JSON.parse(readProjectFile('package.json')) as {
      readonly scripts: Readonly<Record<string, string>>
    }
    const called = [...text.matchAll(/npm run (?:--silent )?([a-z:]+)/g)].map(
      ([, name = '']) => name,
    )
    expect(called.filter((name) => !(name in scripts))).toEqual([])
    const known = new Set(Object.values(VARIABLES).map(({ name }) => name))
    // Those of the clients, and the one that Kubernetes would add.
    const others = new Set([
      'ROLLCALL_ADMIN_KEY',
      'ROLLCALL_METADATA_URL',
      'ROLLCALL_TOKEN',
      'ROLLCALL_SERVICE_HOST',
    ])
    const named = [...text.matchAll(/\bROLLCALL_[A-Z0-9_]*[A-Z0-9]\b/g)].map(([name]) =>
      name.replace(/_FILE$/, ''),
    )
    expect(named.filter((name) => !known.has(name) && !others.has(name))).toEqual([])
  })
})
