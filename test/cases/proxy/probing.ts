// `rollcall probe` at a real proxy that asks a real service: no token but the good one gets in. Without the lines that
// ask the service, every token does.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { FORGED_NAMES } from '../../../src/cli/probe/bad-tokens.ts'
import { BAD_TOKEN_NAMES, makeBadTokens } from '../../support/bad-tokens.ts'
import { createCommand } from '../../support/command.ts'
import { startApp } from '../../support/doors/door.ts'
import { reservePort } from '../../support/ports.ts'
import { AUDIENCE, type BehindProxy, type StartProxy } from './behind-proxy.ts'
import type { ProxyTest } from './cases.ts'

/** What can be shown without the key of the issuer. */
const WITHOUT_KEY = [
  'no token',
  'not a token',
  ...BAD_TOKEN_NAMES.filter(
    (name) =>
      FORGED_NAMES.includes(name) || ['expired', 'another aud', 'bound to a key'].includes(name),
  ),
]

const BAD_FILES = {
  'expired-token': 'expired',
  'other-audience-token': 'another aud',
} as const

/** Probes an address with the tokens that somebody has who enrolled: good ones, old ones, ones of another audience. */
const probe = async (
  { bearerToken, boundToken, privateKeys, service }: BehindProxy,
  url: string,
) => {
  const command = createCommand(() => [bearerToken, boundToken])
  try {
    const write = (name: string, token: string): readonly string[] => {
      writeFileSync(join(command.folder, name), token)
      return [`--${name}`, name]
    }
    const bad = new Map(
      makeBadTokens({ goodToken: bearerToken, privateKeys }).map(([name, token]) => [name, token]),
    )
    const args = ['probe', url, '--audience', AUDIENCE, '--issuer', service.url, '--json']
    const files = [
      ...write('token', bearerToken),
      ...write('bound-token', boundToken),
      ...Object.entries(BAD_FILES).flatMap(([option, name]) =>
        write(option, bad.get(name) as string),
      ),
    ]
    const { status, stdout, stderr } = await command.run([...args, ...files])
    expect(stdout, stderr).not.toBe('')
    const { lines } = JSON.parse(stdout) as { lines: { name: string; outcome: string }[] }
    const namesOf = (wanted: string): string[] =>
      lines.filter(({ outcome }) => outcome === wanted).map(({ name }) => name)
    return { status, refused: namesOf('refused'), admitted: namesOf('admitted') }
  } finally {
    command.remove()
  }
}

/** Declares the tests. @param startOpen starts the proxy without the lines that ask the service */
export const probesProxy = (
  proxy: () => BehindProxy,
  test: ProxyTest,
  startOpen: StartProxy,
): void => {
  test('rollcall probe finds nothing', async () => {
    expect(await probe(proxy(), `${proxy().url}/`)).toEqual({
      status: 0,
      refused: WITHOUT_KEY,
      admitted: [],
    })
    // The good token at the start and at the end.
    expect(proxy().seen).toHaveLength(2)
  })

  test('rollcall probe finds everything without the lines that ask the service', async () => {
    const app = await startApp()
    const port = await reservePort()
    const places = { port, serviceUrl: proxy().service.url, appPort: app.port, secret: 'none' }
    const open = await startOpen(places)
    try {
      expect(await probe(proxy(), `http://127.0.0.1:${port}/`)).toEqual({
        status: 1,
        refused: [],
        admitted: WITHOUT_KEY,
      })
    } finally {
      await open.stop()
      await app.close()
    }
  })
}
