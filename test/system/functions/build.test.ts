// `npm run build:functions` takes the policy from where people keep it, so that no build can delete it.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { ROOT } from '../../support/sources.ts'

const folder = mkdtempSync(join(tmpdir(), 'rollcall-build-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('copies functions/policy-production.json beside fc.mjs', () => {
  for (const path of ['src', 'functions', 'package.json', 'tsconfig.json']) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'functions/policy-production.json'), '{"roles":{}}')
  execFileSync(process.execPath, ['--import', 'tsx', 'functions/build.ts'], { cwd: folder })
  const built = join(folder, 'dist/functions')
  expect(readFileSync(join(built, 'policy.json'), 'utf8')).toBe('{"roles":{}}')
  expect(readFileSync(join(built, 'fc.mjs'), 'utf8').length).toBeGreaterThan(100_000)
})
