// What the Dockerfile says; `container.test.ts` starts what it makes.

import { describe, expect, it } from 'vitest'
import { contextFilter, parseDockerfile } from '../support/dockerfile.ts'
import { readProjectFile } from '../support/sources.ts'

describe('Dockerfile', () => {
  it('is built from sources alone, whatever else lies around', () => {
    const isSent = contextFilter(readProjectFile('.dockerignore'))
    const sent = ['package.json', '.npmrc', 'src/config.ts', 'functions/node.ts', 'LICENSE']
    expect(sent.filter((path) => !isSent(path))).toEqual([])
    const kept = [
      '.git/config',
      '.dev.vars',
      'signing-keys.json',
      'node_modules/jose/package.json',
      'functions/policy-production.json',
      'functions/container/secrets/signing-keys.json',
      'functions/.wrangler/tmp/x.js',
      'src/README.md',
      'test/project.test.ts',
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
    expect(copies).toEqual(['LICENSE ./', '/build/dist/functions/node.mjs ./', '/build/data /data'])
    const texts = Object.fromEntries(instructions.map(({ name, text }) => [name, text]))
    expect(texts).toMatchObject({
      USER: '1000:1000',
      EXPOSE: '8787',
      STOPSIGNAL: 'SIGTERM',
      CMD: '["node", "/app/node.mjs"]',
    })
  })
})
