// What a recipe demands beside issuer and audience, tried at doors that no test starts.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import {
  ADMITTED_BY_HAND,
  type ByHandDoor,
  KEEPS_REMOVED_KEY,
  REFUSED_BY_CNF_LINE,
} from '../../generate/by-hand.ts'
import { makeBadTokens, resignToken } from '../../support/bad-tokens.ts'
import { BY_HAND } from '../../support/doors/by-hand.ts'
import { startConsul } from '../../support/doors/consul.ts'
import type { Changes, DoorOptions } from '../../support/doors/door.ts'
import { startVault } from '../../support/doors/vault.ts'
import { startProcess } from '../../support/processes.ts'
import { createTestCa } from '../../support/tls-certificates.ts'
import { CACHE_SECONDS, type Issuer } from './issuer.ts'
import { type RunCommand, probeParty } from './probing.ts'

/** What the doors are tried with. */
interface Tried {
  readonly options: DoorOptions
  readonly goodToken: string
  readonly issuer: Issuer
  readonly folder: string
}

type Check = (program: string, tried: Tried) => Promise<readonly string[]>

/** Claims of a token, unverified. */
const ecsOf = (token: string) =>
  (
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      readonly ecs: { readonly owner_account_id: string; readonly region_id: string }
    }
  ).ecs

/** Starts a door once for each demand, and says which did not do as expected. */
const demands =
  (name: ByHandDoor): Check =>
  async (program, { options, goodToken, folder, issuer }) => {
    const { owner_account_id: account, region_id: region } = ecsOf(goodToken)
    const fresh = resignToken({ goodToken, privateKeys: issuer.privateKeys() }, {})
    const wrong: string[] = []
    for (const [what, more, expected] of [
      ['its account and region', { account: [account], region: [region] }, true],
      ['another role', { role: ['first', 'second'] }, false],
      ['another account', { account: ['1', `${account}1`] }, false],
      ['another region', { region: ['cn-other', `${region}-1`] }, false],
    ] as const) {
      const own = mkdtempSync(join(folder, 'door-'))
      const door = await BY_HAND[name].start(program, { ...options, more }, own)
      try {
        const isIn = (await door.tokenIn(fresh)).status === 200
        console.log(`  demands ${what}: ${isIn ? 'admitted' : 'refused'}`)
        if (isIn !== expected) wrong.push(`demands ${what}`)
      } finally {
        await door.stop()
      }
    }
    return wrong
  }

/** A door that has the keys goes on while the issuer is unreachable. */
const outlastsIssuer =
  (name: ByHandDoor): Check =>
  async (program, { options, goodToken, folder, issuer }) => {
    const door = await BY_HAND[name].start(program, options, mkdtempSync(join(folder, 'door-')))
    try {
      await door.tokenIn(goodToken)
      issuer.setReachable(false)
      const isIn = (await door.tokenIn(goodToken)).status === 200
      console.log(`  while the issuer is unreachable: ${isIn ? 'admitted' : 'refused'}`)
      return isIn ? [] : ['while the issuer is unreachable']
    } finally {
      issuer.setReachable(true)
      await door.stop()
    }
  }

/** A key is removed: when is it refused, if the keys may be kept for a second only? The last of the checks: it rotates. */
const keepsRemovedKey =
  (name: ByHandDoor): Check =>
  async (program, { options, goodToken, folder, issuer }) => {
    const door = await BY_HAND[name].start(program, options, mkdtempSync(join(folder, 'door-')))
    try {
      const admits = async (token: string): Promise<boolean> =>
        (await door.tokenIn(token)).status === 200
      await admits(goodToken)
      await issuer.takeOver((await generateSigningKeys('ES256')).keys)
      await wait((CACHE_SECONDS + 2) * 1000)
      const before = await admits(goodToken)
      const isNewIn = await admits(await issuer.token())
      const after = await admits(goodToken)
      console.log(`  a removed key, its max-age over: ${before ? 'admitted' : 'refused'}`)
      console.log(`  then the new key: ${isNewIn ? 'admitted' : 'refused'}`)
      console.log(`  then the removed key again: ${after ? 'admitted' : 'refused'}`)
      const isExpected = before === KEEPS_REMOVED_KEY.includes(name) && isNewIn && !after
      return isExpected ? [] : ['a removed key']
    } finally {
      await door.stop()
    }
  }

/** Without its line of `cnf`, the door admits bound tokens. */
const needsCnfLine =
  (name: ByHandDoor): Check =>
  async (program, { options, goodToken, folder, issuer }) => {
    const changes: Changes = [[/^ *"cnf": "cnf",\n/m, '']]
    const own = mkdtempSync(join(folder, 'door-'))
    const door = await BY_HAND[name].start(program, { ...options, changes }, own)
    try {
      const wrong: string[] = []
      for (const [bad, token] of makeBadTokens({ goodToken, privateKeys: issuer.privateKeys() })) {
        if (!REFUSED_BY_CNF_LINE[name].includes(bad)) continue
        const isIn = (await door.tokenIn(token)).status === 200
        console.log(`  without the line of cnf, ${bad}: ${isIn ? 'admitted' : 'refused'}`)
        if (!isIn) wrong.push(`without the line of cnf: ${bad}`)
      }
      return wrong
    } finally {
      await door.stop()
    }
  }

/** The commands of the recipe log in, and what the token of Vault may read is what its policy says. */
const readsSecret: Check = async (program, { options, goodToken, folder }) => {
  const door = await startVault(program, options, mkdtempSync(join(folder, 'door-')))
  try {
    const secret = await door.readSecret(goodToken)
    console.log(`  the printed commands log in and read a secret of nodes: ${secret}`)
    return secret === door.secret ? [] : ['the secret of nodes']
  } finally {
    await door.stop()
  }
}

/** The command, as a process of its own. */
const run: RunCommand = async (args, heard) => {
  const prober = startProcess(process.execPath, ['--import', 'tsx', 'src/cli/rollcall.ts', ...args])
  prober.child.stderr?.on('data', () => heard(prober.output.stderr, () => void prober.stop()))
  const status = await new Promise<number | null>((resolve) => prober.child.on('close', resolve))
  return { status, ...prober.output }
}

/** `rollcall probe` finds the same. */
const probes: Check = async (program, { options, folder }) => {
  const own = mkdtempSync(join(folder, 'probe-'))
  const ca = createTestCa(join(own, 'ca'))
  const body = join(own, 'body.json')
  writeFileSync(body, JSON.stringify({ role: 'node', jwt: '{token}' }))
  const address = 'http://127.0.0.1:PORT/v1/auth/rollcall/login'
  const more = ['--recipe', 'vault', '--role', 'worker', '--body', body]
  const certificate = ca.certificateFor('localhost')
  const { admitted, counts } = await probeParty({ run, certificate, address, more }, (issuer) =>
    startVault(program, { ...options, issuer, caFile: ca.file }, join(own, 'door')),
  )
  console.log(`  rollcall probe: ${JSON.stringify(counts)}`)
  const expected = ADMITTED_BY_HAND.vault.toSorted().join()
  return admitted.toSorted().join() === expected ? [] : [`rollcall probe: ${admitted.join(', ')}`]
}

/** The name of a node is the name of its instance, and no other. */
const namesItself: Check = async (program, { options, goodToken, folder }) => {
  const own = mkdtempSync(join(folder, 'door-'))
  const door = await startConsul(program, options, own, () => 'i-of-another')
  try {
    const isIn = (await door.tokenIn(goodToken)).status === 200
    console.log(`  an agent with the name of another node: ${isIn ? 'admitted' : 'refused'}`)
    return isIn ? ['an agent with the name of another node'] : []
  } finally {
    await door.stop()
  }
}

const CHECKS: Readonly<Record<ByHandDoor, readonly Check[]>> = {
  vault: [
    demands('vault'),
    needsCnfLine('vault'),
    outlastsIssuer('vault'),
    readsSecret,
    probes,
    keepsRemovedKey('vault'),
  ],
  consul: [
    demands('consul'),
    needsCnfLine('consul'),
    outlastsIssuer('consul'),
    namesItself,
    keepsRemovedKey('consul'),
  ],
  rabbitmq: [],
  'rabbitmq-4': [],
}

/** Tries what a door is made for. @returns what it did otherwise */
export const conditionsOf = async (
  name: ByHandDoor,
  program: string,
  tried: Tried,
): Promise<readonly string[]> => {
  const wrong: string[] = []
  for (const check of CHECKS[name]) wrong.push(...(await check(program, tried)))
  return wrong
}
