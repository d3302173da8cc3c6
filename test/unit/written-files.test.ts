// Git ignores every file that the pages have people make in a clone: private keys above all, which one `git add .`
// would publish.

import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { ROOT, keptFiles, readProjectFile } from '../support/sources.ts'
import { writtenFiles } from '../support/written-files.ts'

const pages = keptFiles().filter((path) => path.endsWith('.md'))

/** Which of some paths git does not ignore. */
const notIgnored = (paths: readonly string[]): string[] => {
  const lines = execFileSync(
    'git',
    ['check-ignore', '--no-index', '--verbose', '--non-matching', '--stdin'],
    {
      cwd: ROOT,
      encoding: 'utf8',
      input: `${paths.join('\n')}\n`,
    },
  )
  return lines
    .split('\n')
    .filter((line) => line.startsWith('::\t'))
    .map((line) => line.slice(3))
}

describe('the files that the pages have people make', () => {
  const written = [...new Set(pages.flatMap((path) => writtenFiles(readProjectFile(path))))]

  it('are found', () => {
    expect(written).toEqual(
      expect.arrayContaining([
        'signing-keys.json',
        'operator.json',
        'admin-keys.json',
        '.dev.vars',
        'bootstrap.sh',
        'functions/secrets/ledger-url',
        'functions/container/secrets/policy.json',
      ]),
    )
  })

  it('are ignored by git', () => {
    expect(notIgnored(['README.md', 'signing-keys.json'])).toEqual(['README.md'])
    expect(notIgnored(written)).toEqual([])
  })

  it('hide no file that the project keeps', () => {
    const hidden = execFileSync(
      'git',
      ['ls-files', '--cached', '--ignored', '--exclude-standard'],
      {
        cwd: ROOT,
        encoding: 'utf8',
      },
    )
    expect(hidden).toBe('')
  })
})

describe('writtenFiles()', () => {
  const fence = (...lines: readonly string[]): string => ['```sh', ...lines, '```', ''].join('\n')

  it.each([
    [
      'rollcall admin keygen --out operator.json > admin-keys.json',
      ['operator.json', 'admin-keys.json'],
    ],
    ["cat > policy.json <<'END'\n{}\nEND", ['policy.json']],
    ['curl -fsS https://rollcall.example/bootstrap.sh -o b.sh && sh b.sh', ['b.sh']],
    ['printf x >> .dev.vars', ['.dev.vars']],
    [
      'secrets=functions/secrets\nnpm run keygen -- --out $secrets/k.json',
      ['functions/secrets/k.json'],
    ],
    ['npm run keygen -- --out "$PWD/k.json"', ['k.json']],
    ['command 2> /dev/null >&2 2>errors; x > /run/token; y > $unknown', []],
  ])('reads %j', (script, files) => {
    expect(writtenFiles(fence(script))).toEqual(files)
  })

  it('reads inline commands too, and no other code', () => {
    const text = 'Run `npm run keygen -- --out keys.json`; `a > b` is true.\n'
    expect(writtenFiles(text)).toEqual(['keys.json'])
    expect(writtenFiles('```ts\nconst f = (a) => b > c\n```\n')).toEqual([])
  })
})
