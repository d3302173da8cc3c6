// Advice that holds only under conditions stands beside its conditions, and no sample says an account that could be
// somebody's, wherever either is given.

import { describe, expect, it } from 'vitest'
import { keptFiles, readProjectFile } from '../support/sources.ts'

const WITHIN_LINES = 8
const advice = /HttpTokens(?::| |=)? ?`?required|http_tokens\s*=.*"required"/
/** What a file says where hardened-only breaks, or where it says that. */
const conditions = [/23\.2\.2/, /ImdsSupport/, /Windows/]
const elsewhere = /what-it-does-not-stop/

/** What stands around each piece of advice; all of the text where a variable chooses, which is explained elsewhere. */
const advised = (text: string): string[] => {
  const lines = text.split('\n')
  return lines.flatMap((line, at) => {
    if (!advice.test(line)) return []
    if (line.includes('var.')) return [text]
    return [lines.slice(Math.max(0, at - WITHIN_LINES), at + WITHIN_LINES).join('\n')]
  })
}

const isConditional = (around: string): boolean =>
  elsewhere.test(around) || conditions.every((condition) => condition.test(around))

describe('the advice to require tokens of the metadata service', () => {
  const files = keptFiles().filter((path) =>
    /^(?:README|src\/|functions\/|docs\/).*\.(?:md|sh|tf|ya?ml)$/.test(path),
  )

  it('is found, and not taken for what it is not', () => {
    expect(advised('set `HttpTokens: required`')).toHaveLength(1)
    expect(advised('  http_tokens   = "required"')).toHaveLength(1)
    expect(advised('HttpTokens=optional')).toEqual([])
    expect(files.flatMap((path) => advised(readProjectFile(path)))).not.toEqual([])
  })

  it('names Windows, the version of cloud-init and the feature of the image', () => {
    expect(isConditional('set `HttpTokens: required`')).toBe(false)
    const without = files.filter((path) => !advised(readProjectFile(path)).every(isConditional))
    expect(without).toEqual([])
  })
})

describe('what key binding is worth', () => {
  it('is said with the condition that the relying party checks it', () => {
    const pages = keptFiles().filter((path) => path.endsWith('.md'))
    const claims = pages.flatMap((path) =>
      readProjectFile(path)
        .split(/\n{2,}/)
        .filter((paragraph) => /worth\s+nothing|useless\s+without\s+the\s+key/.test(paragraph))
        .map((paragraph) => [path, paragraph] as const),
    )
    expect(claims.length).toBeGreaterThan(1)
    expect(claims.filter(([, paragraph]) => !paragraph.includes('`cnf`'))).toEqual([])
  })
})

describe('an account in the policy of a page or a sample', () => {
  it('is a placeholder that the service refuses, or too short to be an account of anybody', () => {
    const samples = keptFiles().filter((path) =>
      /^(?:README|src\/|functions\/|docs\/).*\.(?:md|json|tf|ya?ml)$/.test(path),
    )
    const accounts = samples.flatMap((path) =>
      [...readProjectFile(path).matchAll(/"owner_account_id": \["([^"$]+)"/g)].map(
        ([, account]) => [path, account] as const,
      ),
    )
    expect(accounts).toContainEqual(['functions/container/kubernetes.yaml', 'YOUR-ACCOUNT-ID'])
    expect(accounts.filter(([, account = '']) => /^\d{5,}$/.test(account))).toEqual([])
  })
})
