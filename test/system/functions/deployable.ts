// A copy of the project that can be deployed to Workers: the samples of wrangler.toml with an issuer and a policy.

import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../support/sources.ts'

/** The environments of wrangler.toml. */
export const ENVIRONMENTS = ['staging', 'production'] as const

/** A policy that the service takes. */
export const POLICY_TEXT = JSON.stringify({
  roles: {
    worker: {
      match: { owner_account_id: ['1609123456789012'] },
      token: { audience: ['https://cluster.test'] },
      reenrollment: 'never',
    },
  },
})

/** Copies what wrangler needs, as it is: with the placeholders and without policies. */
export const copySample = (folder: string): void => {
  mkdirSync(folder, { recursive: true })
  for (const path of ['src', 'functions', 'wrangler.toml', 'package.json', 'tsconfig.json']) {
    cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
}

/** Replaces a text in the copied wrangler.toml, wherever it stands. */
export const changeConfig = (folder: string, from: RegExp, to: string): void => {
  const file = join(folder, 'wrangler.toml')
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(from, to))
}

/** Copies it, sets the issuers and writes the policies. */
export const copyDeployable = (folder: string): void => {
  copySample(folder)
  changeConfig(folder, /rollcall\.example/g, 'rollcall.test')
  for (const environment of ENVIRONMENTS) {
    writeFileSync(join(folder, `functions/policy-${environment}.json`), POLICY_TEXT)
  }
}
