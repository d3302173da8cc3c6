// The words of pages, comments, messages, help texts and test names: plain English that a reader understands at once.

import { describe, expect, it } from 'vitest'
import { keptFiles, readProjectFile } from '../support/sources.ts'
import { type WordReport, wordReport } from '../support/words.ts'
import type { WordException } from '../support/words/rules.ts'

/** Where a word is right. */
const EXCEPTIONS: readonly WordException[] = [
  {
    file: 'src/http/bootstrap.sh',
    text: 'this script binds no key',
    reason: 'key binding is the term of the protocol',
  },
  {
    file: 'docs/troubleshooting.md',
    text: 'bootstrap.sh binds no key',
    reason: 'key binding is the term of the protocol',
  },
]

/** Files that hold other texts: the rules themselves, a text made from another file, and what is tested here. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'src/http/bootstrap-text.ts',
  'test/support/words/rules.ts',
  'test/unit/words.test.ts',
])

const report = (path: string): WordReport => wordReport(path, readProjectFile(path), EXCEPTIONS)

describe('the words of the project', () => {
  const paths = keptFiles().filter((path) => !LEFT_OUT.has(path))
  const reports = paths.map((path) => ({ path, ...report(path) }))

  it('are plain', () => {
    expect(reports.flatMap(({ problems }) => problems)).toEqual([])
  })

  it('have no exception that could be deleted', () => {
    const used = new Set(reports.flatMap((entry) => entry.used))
    expect(EXCEPTIONS.filter((exception) => !used.has(exception))).toEqual([])
  })
})

describe('wordReport()', () => {
  const found = (path: string, text: string, exceptions?: readonly WordException[]): string[] =>
    wordReport(path, text, exceptions).problems.map(
      (problem) => /^(.*?: ".*?"): /.exec(problem)?.[1] ?? problem,
    )

  it.each<[string, readonly string[], string]>([
    [
      "What can't be asked refuses: with the ledger down the answer is 503, never a token.",
      ["What can't"],
      'The service fails closed: if the ledger is unreachable it answers 503 and issues no token.',
    ],
    [
      'a CIDR block that starts inside of itself',
      ['inside of'],
      'not a network address: 10.0.0.5/24 is inside 10.0.0.0/24; write that',
    ],
    [
      'A token of this very second would be born revoked: the client comes again in the next one.',
      ['comes again', 'born revoked'],
      'A revocation covers its whole second, so a token issued now would be revoked at once. The client retries.',
    ],
    [
      'where is remembered: `sqlite:PATH`',
      ['remembered'],
      'where state is stored: `sqlite:PATH`, ...',
    ],
    [
      'this seems not to be an ECS instance in a VPC',
      ['seems not to'],
      'is this an ECS instance in a VPC?',
    ],
    ['policy.json: 9 to mend', ['mend'], 'policy.json: 9 problems'],
    [
      'Removing is an entry that has expired; there is no other way in which a driver forgets.',
      ['driver forgets'],
      'An entry is deleted by overwriting it with one that has already expired. Drivers have no other delete.',
    ],
    ['a time that is none', ['is none'], 'not a time; absent if there is none'],
    ['whoever can make it answer', ['whoever'], 'anyone who can make it answer'],
    ['the name, that of the role', ['that of'], 'the name of the role'],
    [
      'A ban binds each retry',
      ['binds'],
      'A ban applies to each retry. It binds the token to a key.',
    ],
    ['the token counts no more', ['counts no more'], 'the token has expired'],
    ['if the ledger is away', ['is away'], 'if the ledger is unreachable'],
    ['The caller is told why.', ['is told'], 'The answer says why.'],
    ['The token is good for 300 s.', ['is good'], 'The token is valid for 300 s.'],
    ['It is accepted all the same.', ['all the same'], 'It is still accepted.'],
    ['equal to the letter', ['to the letter'], 'exactly equal'],
    ['This is not unlike a lock.', ['not unlike'], 'This is like a lock.'],
    ['No key that is not public is here.', ['No key that is not'], 'Only public keys are here.'],
    ["Nothing that isn't signed counts.", ["Nothing that isn't"], 'Only signed text counts.'],
  ])('finds the words of %j', (before, words, after) => {
    const at = (path: string): string[] => words.map((word) => `${path}:1: "${word}"`)
    expect(found('a.md', `${before}\n`).toSorted()).toEqual(at('a.md').toSorted())
    expect(found('test/a.ts', `// ${before}`).toSorted()).toEqual(at('test/a.ts').toSorted())
    const literal = JSON.stringify(before)
    expect(found('src/a.ts', `die(${literal})`).toSorted()).toEqual(at('src/a.ts').toSorted())
    expect(found('a.md', `${after}\n`)).toEqual([])
    expect(found('src/a.ts', `die(${JSON.stringify(after)}) // ${after}`)).toEqual([])
  })

  it('says file, line, word, why, and what to write', () => {
    expect(wordReport('a.md', '# A\n\nFor\nwhoever.\n').problems).toEqual([
      'a.md:4: "whoever": a riddle by pronoun: the reader has to guess the thing; ' +
        'write "anyone who", or name the person or program',
    ])
  })

  it.each<[string, string, string, readonly string[]]>([
    ['over the end of a line', 'a.md', 'It is\ntold.', ['1: "is told"']],
    ['in a table', 'a.md', '| a |\n| - |\n| is told |', ['3: "is told"']],
    ['in no fence and no inline code', 'a.md', '```\nis told\n```\n\nA `is told`.', []],
    ['in a docstring', 'src/a.ts', '\n/**\n * It is\n * told.\n */\n', ['3: "is told"']],
    ['behind code', 'test/a.ts', 'const a = 1 // is told', ['1: "is told"']],
    ['in no example of a docstring', 'src/a.ts', '/**\n * ```ts\n * // is told\n * ```\n */', []],
    ['in no identifier and no name of a module', 'src/a.ts', "import whoever from 'who ever'", []],
    ['behind an address in a text', 'src/a.ts', "f('http://a') // is told", ['1: "is told"']],
    ['not behind `//` in a text', 'test/a.ts', "f('// is told', /\\/\\/ is told/)", []],
    ['in a template', 'src/a.ts', 'f(`it\n  is told ${a}`)', ['2: "is told"']],
    ['over a sum', 'src/a.ts', "f('it is ' +\n  'told')", ['1: "is told"']],
    ['inside a template’s value', 'src/a.ts', "f(`${g('is told')}`)", ['1: "is told"']],
    [
      'in the name of a test',
      'test/a.ts',
      "it.each([['is told']])('is away', f)",
      ['1: "is away"'],
    ],
    ['in no data of a test', 'test/a.ts', "expect('is told').toBe(1)", []],
    [
      'in a script',
      'a.sh',
      '#!/bin/sh\n# is told\ndie "is away" \'is told\'',
      ['2: "is told"', '3: "is away"', '3: "is told"'],
    ],
    ['in a document of a script', 'a.sh', 'cat <<END\nis told\nEND\n', ['2: "is told"']],
    ['in settings', 'a.yaml', 'a: 1 # is told\nb: is told', ['1: "is told"']],
    ['in no data', 'a.json', '{"a":"is told"}', []],
  ])('finds a word %s', (_, path, text, places) => {
    expect(found(path, text)).toEqual(places.map((place) => `${path}:${place}`))
  })

  const words = (count: number): string => Array.from({ length: count }, () => 'word').join(' ')

  it('finds a sentence of a message that has more than 25 words', () => {
    const long = words(26)
    expect(found('src/a.ts', `f('One. ${long}.')`)).toEqual([
      'src/a.ts:1: "word word word word word word ..."',
    ])
    expect(found('a.sh', `die "${long}"`)).toHaveLength(1)
    expect(found('src/a.ts', `f('${words(25)}. ${words(25)}.') // ${long}`)).toEqual([])
    expect(found('src/a.ts', `f('${words(25)}\\n${words(25)}')`)).toEqual([])
    expect(found('a.md', long)).toEqual([])
  })

  it('counts each value of a template as one word', () => {
    const text = (count: number): string => `f(\`${words(count)} \${a.b(1, 2)} \${c}\`)`
    expect(found('src/a.ts', text(23))).toEqual([])
    expect(found('src/a.ts', text(24))).toHaveLength(1)
  })

  it('leaves out an exception, and only there', () => {
    const exception = { file: 'a.md', text: 'the key that it binds', reason: 'a reason' }
    const text = 'Of the key\nthat it binds. It binds.\n'
    const report = wordReport('a.md', text, [exception])
    expect(report.used).toEqual([exception])
    expect(report.problems).toEqual([expect.stringMatching(/^a\.md:2: "binds"/)])
    expect(wordReport('b.md', text, [exception])).toMatchObject({ used: [] })
    expect(wordReport('b.md', text, [exception]).problems).toHaveLength(2)
  })
})
