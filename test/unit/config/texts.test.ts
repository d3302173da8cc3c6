// The texts of variables and of the files that they name: what is trimmed, what is refused, and how it is said.

import { beforeAll, describe, expect, it } from 'vitest'
import { type RuntimeOptions, parseConfig } from '../../../src/config.ts'
import { ledgerReader } from '../../../src/ledger/configured.ts'
import { BYTE_ORDER_MARK, NOT_UTF8 } from '../../../src/base/text.ts'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { createTestCloud } from '../../support/test-cloud.ts'
import { createTestEmulator } from '../../support/test-emulator.ts'

const POLICY = JSON.stringify({
  roles: {
    worker: {
      match: { owner_account_id: ['1609123456789012'] },
      token: { audience: ['https://cluster.test'] },
      reenrollment: 'always',
    },
  },
})
const readLedger = ledgerReader(['memory', 'sqlite'])

let good: Record<string, string>
let emulated: string
let testCloud: string
beforeAll(async () => {
  good = {
    ROLLCALL_ISSUER: 'https://rollcall.test',
    ROLLCALL_SIGNING_KEYS: JSON.stringify(await generateSigningKeys('ES256')),
    ROLLCALL_POLICY: POLICY,
    ROLLCALL_LEDGER: 'memory:',
    ROLLCALL_TRUST_ANCHORS: (await createTestCloud()).certificatePem,
  }
  emulated = (await createTestEmulator({ seed: 'config' })).certificatePem
  testCloud = String(good['ROLLCALL_TRUST_ANCHORS'])
})

const problemsOf = async (
  env: Record<string, string>,
  runtime: RuntimeOptions,
): Promise<readonly string[]> =>
  parseConfig(env, runtime).then(
    () => [],
    (error: { readonly problems: readonly string[] }) => error.problems,
  )

/** The same environment with one variable in a file. */
const inFile = (
  name: string,
  content: Uint8Array | string,
): [Record<string, string>, RuntimeOptions] => {
  const { [name]: _, ...others } = good
  const runtime = { readLedger, readFile: async () => content }
  return [{ ...others, [`${name}_FILE`]: '/etc/rollcall/it' }, runtime]
}

/** The same environment where the runtime has a ledger of its own and no files, as Workers do. */
const workers = (env: Record<string, string>): [Record<string, string>, RuntimeOptions] => {
  const { ROLLCALL_LEDGER: _, ...others } = env
  return [others, {}]
}

const NAMES = [
  'ROLLCALL_ISSUER',
  'ROLLCALL_SIGNING_KEYS',
  'ROLLCALL_POLICY',
  'ROLLCALL_LEDGER',
  'ROLLCALL_TRUST_ANCHORS',
]

describe.each(NAMES)('%s', (name) => {
  const text = (): string => String(good[name])

  it.each(['\n', '\r\n', ' ', ' \t\n\r\n'])(
    'is taken without %j at its end, in a variable and in a file',
    async (end) => {
      const plain = await parseConfig(good, { readLedger })
      const variable = await parseConfig({ ...good, [name]: text() + end }, { readLedger })
      const [env, runtime] = inFile(name, Buffer.from(text() + end))
      const file = (await parseConfig(env, runtime)) as typeof variable
      for (const { issuer, ledger, policy, trustAnchors, signingKeys } of [variable, file]) {
        expect({ issuer, ledger, policy, trustAnchors }).toEqual({
          issuer: plain.issuer,
          ledger: plain.ledger,
          policy: plain.policy,
          trustAnchors: plain.trustAnchors,
        })
        expect(signingKeys.jwks).toEqual(plain.signingKeys.jwks)
      }
    },
  )

  it('is refused with a byte order mark, which is named', async () => {
    const marked = `\uFEFF${text()}`
    expect(await problemsOf({ ...good, [name]: marked }, { readLedger })).toEqual([
      `${name}: ${BYTE_ORDER_MARK}`,
    ])
    // As bytes, and as text where the runtime has decoded the file.
    for (const content of [Buffer.from(marked), marked]) {
      expect(await problemsOf(...inFile(name, content))).toEqual([
        `${name}_FILE: /etc/rollcall/it ${BYTE_ORDER_MARK}`,
      ])
    }
  })

  it('is refused in UTF-16, with and without a mark, which is named', async () => {
    const utf16 = Buffer.from(text(), 'utf16le')
    const marked = Buffer.from(`\uFEFF${text()}`, 'utf16le')
    const bigEndian = Buffer.from(marked).swap16()
    for (const content of [utf16, marked, bigEndian, marked.toString('utf8')]) {
      expect(await problemsOf(...inFile(name, content))).toEqual([
        `${name}_FILE: /etc/rollcall/it ${NOT_UTF8}`,
      ])
    }
  })

  it('is refused when it is empty, in a variable and in a file', async () => {
    for (const empty of ['', ' ', '\n']) {
      expect(await problemsOf({ ...good, [name]: empty }, { readLedger })).toEqual([
        `${name}: is empty; set a value, or remove the variable`,
      ])
      expect(await problemsOf(...inFile(name, empty))).toEqual([
        `${name}_FILE: /etc/rollcall/it is empty`,
      ])
    }
  })
})

describe('a file that cannot be read', () => {
  const readFile = (): Promise<never> => Promise.reject(new Error('ENOENT'))
  const problems = (path: string): Promise<readonly string[]> => {
    const { ROLLCALL_POLICY: _, ...others } = good
    return problemsOf({ ...others, ROLLCALL_POLICY_FILE: path }, { readLedger, readFile })
  }

  it('is named by its path', async () => {
    expect(await problems('/etc/rollcall/policy.json')).toEqual([
      'ROLLCALL_POLICY_FILE: cannot read /etc/rollcall/policy.json; check that the file exists and is readable',
    ])
  })

  it.each(['redis://:of-the-test@host', '{"keys":[]}', 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'])(
    'is not named where a value stands in place of its path: %s',
    async (value) => {
      expect(await problems(value)).toEqual([
        'ROLLCALL_POLICY_FILE: cannot read its file; check that the file exists and is readable',
      ])
    },
  )
})

it('HOST takes the address of all interfaces, IPv6 included', async () => {
  for (const host of ['::', '0.0.0.0', '::1', 'localhost']) {
    expect(await parseConfig({ ...good, HOST: host }, { readLedger })).toMatchObject({ host })
  }
})

describe('a certificate of the emulator among the trust anchors', () => {
  const anchored = (issuer: string, pem: string): Record<string, string> => ({
    ...good,
    ROLLCALL_ISSUER: issuer,
    ROLLCALL_TRUST_ANCHORS: pem,
  })

  it('is refused for an issuer that other machines can reach, wherever it stands in the file', async () => {
    const problem = (at: number): string =>
      `ROLLCALL_TRUST_ANCHORS: certificate ${at} was made by an emulator, which signs any identity; ` +
      'remove it, or set ROLLCALL_ISSUER to a URL on localhost'
    for (const [pem, at] of [
      [emulated, 1],
      [`${testCloud}\n${emulated}`, 2],
    ] as const) {
      for (const issuer of [
        'https://rollcall.test',
        'https://10.0.0.1',
        'https://127.0.0.1.test',
      ]) {
        expect(await problemsOf(anchored(issuer, pem), { readLedger })).toEqual([problem(at)])
        expect(await problemsOf(...workers(anchored(issuer, pem)))).toEqual([problem(at)])
      }
    }
  })

  it.each(['http://localhost:8787', 'http://127.0.0.1:1', 'https://localhost', 'http://[::1]:2'])(
    'is taken for the issuer %s, with a warning',
    async (issuer) => {
      const { warnings } = await parseConfig(anchored(issuer, emulated), { readLedger })
      expect(warnings).toContain(
        'ROLLCALL_TRUST_ANCHORS: a certificate was made by an emulator; anyone who reaches that emulator ' +
          'can enroll as any instance',
      )
    },
  )

  it('leaves a test cloud of one’s own usable for any issuer', async () => {
    const { warnings } = await parseConfig(good, { readLedger })
    expect(warnings.join()).not.toContain('emulator')
  })
})
