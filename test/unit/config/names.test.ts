// The names of variables: the service's, its clients', and what is said of others.

import { describe, expect, it } from 'vitest'
import { CLIENT_NAMES, nameProblem as problemOf } from '../../../src/config/names.ts'
import { namesOf } from '../../../src/config/variable.ts'
import { VARIABLES } from '../../../src/config/variables.ts'
import { readProjectFile, typeScriptFiles } from '../../support/sources.ts'

/** Set while the command is built; no environment variable. */
const BUILD_CONSTANTS = new Set(['ROLLCALL_VERSION'])

const nameProblem = (name: string, value: unknown): string | undefined =>
  problemOf(name, value, namesOf(VARIABLES))

/** The recipes are texts for other programs, with variables of their own. */
const ownFiles = typeScriptFiles('src/cli').filter((path) => !path.includes('/recipe/recipes/'))
const clientSources = [...ownFiles, 'src/http/bootstrap.sh']

/** The variables that clients read from their environment, or that their messages name. */
const namesIn = (paths: readonly string[]): string[] => {
  const found = paths.flatMap((path) => readProjectFile(path).match(/ROLLCALL_[A-Z0-9_]+/g) ?? [])
  return [...new Set(found)].filter((name) => !BUILD_CONSTANTS.has(name)).toSorted()
}

describe('the service', () => {
  it('knows every variable that the command and bootstrap.sh name', () => {
    const names = namesIn(clientSources)
    expect(names.length).toBeGreaterThan(8)
    expect(names.filter((name) => nameProblem(name, 'x') !== undefined)).toEqual([])
  })

  it('knows no client variable that no client reads', () => {
    const names = namesIn(clientSources)
    // bootstrap.sh sends the resource.
    const unread = CLIENT_NAMES.filter((name) => !names.includes(name))
    expect(unread.filter((name) => name !== 'ROLLCALL_RESOURCE')).toEqual([])
  })

  it('ignores the variables of clients and of everybody else', () => {
    for (const name of [...CLIENT_NAMES, 'PATH', 'rollcall_issuer', 'MY_ROLLCALL_X']) {
      expect(nameProblem(name, 'x')).toBeUndefined()
    }
    for (const { name } of Object.values(VARIABLES)) {
      expect([nameProblem(name, 'x'), nameProblem(`${name}_FILE`, 'x')]).toEqual([
        undefined,
        undefined,
      ])
    }
  })

  it.each([
    ['ROLLCALL_ISSUERS', 'ROLLCALL_ISSUER'],
    ['ROLLCALL_SIGNING_KEY', 'ROLLCALL_SIGNING_KEYS'],
    ['ROLLCALL_SIGNING_KEY_FILE', 'ROLLCALL_SIGNING_KEYS_FILE'],
    ['ROLLCALL_POLCY', 'ROLLCALL_POLICY'],
    ['ROLLCALL_ANCHORS', 'ROLLCALL_TRUST_ANCHORS'],
    ['ROLLCALL_CHALLENGE_LIFETIME', 'ROLLCALL_CHALLENGE_LIFETIME_SECONDS'],
    ['ROLLCALL_ALLOW_SHA_1', 'ROLLCALL_ALLOW_SHA1'],
    ['ROLLCALL_ROLES', 'ROLLCALL_ROLE'],
    ['ROLLCALL_PORT', 'PORT'],
    ['ROLLCALL_HOST', 'HOST'],
  ])('suggests for %s the nearest name, %s', (name, meant) => {
    expect(nameProblem(name, 'x')).toBe(`${name}: unknown name; did you mean ${meant}?`)
  })

  it('suggests nothing for a name that is like no other', () => {
    for (const name of ['ROLLCALL_', 'ROLLCALL_X', 'ROLLCALL_FRESHNESS', 'ROLLCALL_DATABASE']) {
      expect(nameProblem(name, 'x')).toBe(`${name}: unknown name; remove it`)
    }
  })

  it('says where the variables come from that Kubernetes sets', () => {
    const links = { ROLLCALL_SERVICE_HOST: '10.0.0.1', ROLLCALL_PORT: 'tcp://10.0.0.1:80' }
    for (const [name, value] of Object.entries({ ...links, ROLLCALL_PORT_80_TCP: 'x' })) {
      expect(nameProblem(name, value)).toMatch(/Kubernetes .* enableServiceLinks: false/)
    }
  })
})
