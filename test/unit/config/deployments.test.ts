// What the sample deployments set is what the service reads, and no secret is written down in them.

import { describe, expect, it } from 'vitest'
import { nameProblem } from '../../../src/config/names.ts'
import { FILE, namesOf } from '../../../src/config/variable.ts'
import { VARIABLES } from '../../../src/config/variables.ts'
import { readProjectFile } from '../../support/sources.ts'

const known = namesOf(VARIABLES)
const rows = Object.values(VARIABLES)
const secrets = rows.filter(({ secret }) => secret).map(({ name }) => name)
const notOnWorkers = new Set(
  rows.filter(({ where }) => where === 'not on Workers').map(({ name }) => name),
)

/** Each assignment of a variable of ours in a file, comments included: its name and what is given. */
const assignments = (path: string): [name: string, value: string][] => {
  const text = readProjectFile(path)
  const inKubernetes = /- name: (ROLLCALL_[A-Z0-9_]+|PORT|HOST)\n\s+(?:value: )?(.*)/g
  const elsewhere = /\b(ROLLCALL_[A-Z0-9_]+|PORT|HOST)(?:: |\s?= ?)(.*)/g
  return [...text.matchAll(inKubernetes), ...text.matchAll(elsewhere)].map(
    ([, name = '', value = '']) => [name, value.trim()],
  )
}

describe.each(['s.yaml', 'wrangler.toml', 'functions/container/kubernetes.yaml', 'Dockerfile'])(
  '%s',
  (path) => {
    const set = assignments(path)

    it('sets only variables that are known', () => {
      expect(set.length).toBeGreaterThan(0)
      const problems = set.map(([name, value]) => nameProblem(name, value, known))
      expect(problems.filter((problem) => problem !== undefined)).toEqual([])
    })

    it('takes secrets from the environment of the person who deploys, or from files', () => {
      const written = set.filter(([name]) => secrets.includes(name))
      for (const [name, value] of written) {
        expect([name, value]).toEqual([name, `\${env('${name}')}`])
      }
    })
  },
)

it('wrangler.toml sets nothing that Workers do not read, and no file but the policy’s', () => {
  const names = assignments('wrangler.toml').map(([name]) => name)
  expect(names.filter((name) => notOnWorkers.has(name))).toEqual([])
  expect([...new Set(names.filter((name) => name.endsWith(FILE)))]).toEqual([
    'ROLLCALL_POLICY_FILE',
  ])
})

it('wrangler.toml names every secret of a Worker', () => {
  const [comment] = readProjectFile('wrangler.toml').split('\n\n')
  for (const name of secrets.filter((secret) => !notOnWorkers.has(secret))) {
    expect(comment).toContain(name)
  }
})
