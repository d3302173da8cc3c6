// The files of keys and policies that the pages have people make: none in a folder that a build makes, none
// that git would take.

import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { ROOT, keptFiles, readProjectFile } from '../../support/sources.ts'

const PAGES = keptFiles().filter((path) => path.endsWith('.md'))
const ALL = PAGES.map((path) => readProjectFile(path)).join('\n')

/** Files that `keygen`, `admin keygen` and `enroll` make on request, where the page's reader works. */
const keyFiles = (): string[] =>
  [...ALL.matchAll(/keygen (?:-- )?--out ([\w./-]+)|--dpop-key ([\w./-]+)/g)]
    .map(([, out, key]) => out ?? key ?? '')
    .filter((path) => path !== 'FILE' && !path.startsWith('/'))

/** Whether git leaves a file out. */
const isIgnored = (path: string): boolean => {
  try {
    execFileSync('git', ['check-ignore', '--no-index', '-q', path], { cwd: ROOT })
    return true
  } catch {
    return false
  }
}

describe('the pages', () => {
  it('put no key and no policy into a folder that a build makes', () => {
    expect(ALL.match(/dist\/[\w./-]*\.(?:json|pem)/g) ?? []).toEqual([])
  })

  it('make keys under names that git leaves out', () => {
    const names = [
      ...new Set([...keyFiles(), 'key.json', 'cloud.pem', 'bootstrap.sh', 'policy.json']),
    ]
    expect(names).toEqual(expect.arrayContaining(['signing-keys.json', 'operator.json']))
    expect(names.filter((name) => !isIgnored(name))).toEqual([])
    expect(isIgnored('functions/container/secrets/redis.conf')).toBe(true)
    // The tutorial's names at the root only.
    expect(['src/http/bootstrap.sh', 'test/policy.json'].filter(isIgnored)).toEqual([])
  })
})
