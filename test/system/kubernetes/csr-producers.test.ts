// Certification requests by Go, whose library kubelets and the signer use, and by openssl: what is read of each. And the
// other way round: of any odd request that is read here, Go reads the same.

import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CsrRefusal, readCsr } from '../../../src/admit/kubernetes/csr.ts'
import {
  addressName,
  attribute,
  dnsName,
  emailName,
  extension,
  extensionRequest,
  mapped,
  requestDer,
  subjectAltName,
  toPem,
  toRequest,
} from '../../support/certificate-requests.ts'
import type { Attribute, StringType } from '../../support/certificate-requests.ts'
import { nullNode, primitive } from '../../support/der-tree.ts'
import { cleanEnvironment } from '../../support/processes.ts'
import { findTool, requireTool } from '../../support/requirements.ts'
import { ROOT } from '../../support/sources.ts'

const NODE = 'cn-hangzhou.i-1'
const OWN = {
  organization: 'system:nodes',
  commonName: `system:node:${NODE}`,
  dnsNames: [NODE],
  addresses: ['10.0.0.5'],
  others: [],
}

const folder = mkdtempSync(join(tmpdir(), 'rollcall-csr-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What is read, or why not. */
const judge = async (pem: string): Promise<object | CsrRefusal> => {
  const read = await readCsr(toRequest(pem))
  return read.ok ? read.value : read.refusal.reason
}

const GO_HINT = 'apt-get install golang-go'
const program = join(folder, 'go-csr')
beforeAll(async () => {
  const go = findTool('go')
  if (go === undefined) return
  await promisify(execFile)(go, ['build', '-o', program, 'main.go'], {
    cwd: join(ROOT, 'test/system/kubernetes/go'),
    env: cleanEnvironment({ GO111MODULE: 'off', GOFLAGS: '' }),
  })
})

const goRun = (mode: string, input = ''): Record<string, unknown>[] =>
  execFileSync(program, [mode], { input, encoding: 'utf8', maxBuffer: 1 << 26 })
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('a request by Go', () => {
  it('is read, or refused for its fault', async (context) => {
    requireTool(context, 'go', GO_HINT)
    const made = goRun('make')
    const results = await Promise.all(
      made.map(async ({ name, pem }) => [name, await judge(String(pem))] as const),
    )
    expect(Object.fromEntries(results)).toEqual({
      serving: OWN,
      'P-384': OWN,
      'P-521': OWN,
      Ed25519: OWN,
      'RSA-2048': OWN,
      'SHA-512': OWN,
      'P-224': 'KeyNotAllowed',
      'RSA-1024': 'KeyNotAllowed',
      'SHA-1': 'SignatureInvalid',
      'RSA-PSS': 'RequestMalformed',
      client: { ...OWN, dnsNames: [], addresses: [] },
      'two O': 'SubjectMalformed',
      'two CN': 'SubjectMalformed',
      'serial number': 'SubjectMalformed',
      UTF8String: { ...OWN, commonName: `system:node:${NODE}*` },
      IPv6: { ...OWN, addresses: ['10.0.0.5', '2001:db8::1'] },
      // Go writes the address in four bytes.
      'IPv4-mapped': OWN,
      email: { ...OWN, others: ['email'] },
      URI: { ...OWN, others: ['URI'] },
      CA: 'NotRequestable',
    })
  })
})

/** Sections of a configuration of `openssl req`. */
interface OpensslRequest {
  readonly subject?: readonly string[]
  readonly names?: string
  readonly extensions?: readonly string[]
  readonly attributes?: readonly string[]
  readonly strings?: string
  readonly args?: readonly string[]
}

const opensslPem = async (given: OpensslRequest): Promise<string> => {
  const { names = `DNS:${NODE},IP:10.0.0.5`, strings = 'utf8only', args = [] } = given
  const subject = given.subject ?? ['O = system:nodes', `CN = system:node:${NODE}`]
  const extensions = given.extensions ?? (names === '' ? [] : [`subjectAltName = ${names}`])
  const lines = [
    '[req]',
    'prompt = no',
    'distinguished_name = dn',
    `string_mask = ${strings}`,
    ...(extensions.length > 0 ? ['req_extensions = ext'] : []),
    ...(given.attributes === undefined ? [] : ['attributes = attrs']),
    '[dn]',
    ...subject,
    '[ext]',
    ...extensions,
    '[attrs]',
    ...(given.attributes ?? []),
  ]
  const path = join(folder, 'req.cnf')
  const out = join(folder, 'req.pem')
  writeFileSync(path, `${lines.join('\n')}\n`)
  const key = args.includes('-newkey')
    ? []
    : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  const files = ['-keyout', join(folder, 'req.key'), '-out', out]
  await promisify(execFile)('openssl', [
    'req',
    '-new',
    '-nodes',
    '-config',
    path,
    ...key,
    ...args,
    ...files,
  ])
  return readFileSync(out, 'utf8')
}

describe('a request by openssl', () => {
  beforeEach((context) => void requireTool(context, 'openssl', 'apt-get install openssl'))
  const CN = `CN = system:node:${NODE}`
  it.each<[string, OpensslRequest, object | CsrRefusal]>([
    ['as a kubelet would', {}, OWN],
    ['in PrintableString', { strings: 'pkix' }, OWN],
    ['with RSA', { args: ['-newkey', 'rsa:2048'] }, OWN],
    ['with RSA of 4104 bits', { args: ['-newkey', 'rsa:4104'] }, 'KeyNotAllowed'],
    [
      'with RSA and the exponent 3',
      { args: ['-newkey', 'rsa:2048', '-pkeyopt', 'rsa_keygen_pubexp:3'] },
      'KeyNotAllowed',
    ],
    ['with RSA of 1024 bits', { args: ['-newkey', 'rsa:1024'] }, 'KeyNotAllowed'],
    ['with Ed25519', { args: ['-newkey', 'ed25519'] }, OWN],
    [
      'with secp256k1',
      { args: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'] },
      'KeyNotAllowed',
    ],
    [
      'with explicit parameters of its curve',
      {
        args: [
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:P-256',
          '-pkeyopt',
          'ec_param_enc:explicit',
        ],
      },
      'RequestMalformed',
    ],
    ['with SHA-1', { args: ['-sha1'] }, 'SignatureInvalid'],
    ['with SHA-3', { args: ['-sha3-256'] }, 'SignatureInvalid'],
    [
      'with two CN',
      { subject: ['O = system:nodes', CN, '1.CN = system:node:other'] },
      'SubjectMalformed',
    ],
    [
      'with two O',
      { subject: ['O = system:nodes', '1.O = system:masters', CN] },
      'SubjectMalformed',
    ],
    [
      'with O and CN in one part',
      { subject: ['O = system:nodes', `+CN = system:node:${NODE}`] },
      'SubjectMalformed',
    ],
    ['with an OU', { subject: ['O = system:nodes', 'OU = a', CN] }, 'SubjectMalformed'],
    [
      'with an e-mail address in the subject',
      { subject: ['O = system:nodes', CN, 'emailAddress = a@b.example'] },
      'SubjectMalformed',
    ],
    [
      'with letters outside of ASCII',
      { subject: ['O = system:nodes', 'CN = system:node:é'], args: ['-utf8'] },
      'SubjectMalformed',
    ],
    [
      'in BMPString',
      {
        subject: ['O = system:nodes', 'CN = system:node:Ω'],
        strings: 'MASK:0x800',
        args: ['-utf8'],
      },
      'SubjectMalformed',
    ],
    ['with IPv6', { names: `DNS:${NODE},IP:2001:db8::1` }, { ...OWN, addresses: ['2001:db8::1'] }],
    ['with IPv4 mapped to IPv6', { names: `DNS:${NODE},IP:::ffff:10.0.0.5` }, 'RequestMalformed'],
    [
      'with a wildcard',
      { names: 'DNS:*.example' },
      { ...OWN, dnsNames: ['*.example'], addresses: [] },
    ],
    [
      'with an e-mail address',
      { names: `DNS:${NODE},email:a@b.example` },
      { ...OWN, addresses: [], others: ['email'] },
    ],
    [
      'with a URI',
      { names: `DNS:${NODE},URI:spiffe://a/b` },
      { ...OWN, addresses: [], others: ['URI'] },
    ],
    [
      'with a registered id',
      { names: `DNS:${NODE},RID:1.2.3` },
      { ...OWN, addresses: [], others: ['other name'] },
    ],
    [
      'with an other name',
      { names: `DNS:${NODE},otherName:1.2.3;UTF8:a` },
      { ...OWN, addresses: [], others: ['other name'] },
    ],
    [
      'to be a CA',
      { extensions: ['basicConstraints = critical,CA:TRUE', `subjectAltName = DNS:${NODE}`] },
      'NotRequestable',
    ],
    [
      'with usages',
      { extensions: ['keyUsage = digitalSignature', `subjectAltName = DNS:${NODE}`] },
      'NotRequestable',
    ],
    ['with a challenge password', { attributes: ['challengePassword = secret'] }, 'NotRequestable'],
    [
      'with an unstructured name',
      { attributes: ['unstructuredName = a'], names: '' },
      'NotRequestable',
    ],
    ['in the old PEM', { args: ['-newhdr'] }, 'RequestMalformed'],
    ['with text before the PEM', { args: ['-text'] }, 'RequestMalformed'],
  ])('%s', async (_, given, expected) => {
    expect(await judge(await opensslPem(given))).toEqual(expected)
  })
})

describe('readCsr() and Go', () => {
  const text = fc.constantFrom(
    `system:node:${NODE}`,
    'system:node:other',
    'system:nodes',
    'a',
    'A*',
    'é',
  )
  const types = fc.constantFrom<StringType>('utf8', 'printable', 'ia5', 'bmp')
  const parts = fc.tuple(
    fc.constantFrom<'CN' | 'O' | 'OU'>('CN', 'O', 'CN', 'O', 'OU'),
    text,
    types,
  )
  const subject = fc.oneof(
    fc.constant<(readonly Attribute[])[]>([
      [['O', 'system:nodes']],
      [['CN', `system:node:${NODE}`]],
    ]),
    fc.array(fc.array(parts, { minLength: 1, maxLength: 2 }), { maxLength: 3 }),
  )
  const octet = fc.integer({ min: 0, max: 255 })
  const name = fc.oneof(
    fc.constantFrom(NODE, 'other', '*.a', 'A.', '.', 'a..b', 'a_b', '10.0.0.5').map(dnsName),
    fc.constantFrom(
      emailName('a@b'),
      addressName(...mapped(10, 0, 0, 5)),
      addressName(10, 0, 0, 5),
    ),
    fc.array(octet, { maxLength: 17 }).map((bytes) => addressName(...bytes)),
  )
  const names = fc.array(name, { maxLength: 3 })
  const attributes = fc.oneof(
    names.map((list) => [extensionRequest(subjectAltName(...list))]),
    names.map((list) => [extensionRequest(subjectAltName(...list))]),
    fc
      .tuple(names, names)
      .map((lists) => [extensionRequest(...lists.map((list) => subjectAltName(...list)))]),
    fc
      .tuple(names, names)
      .map((lists) => lists.map((list) => extensionRequest(subjectAltName(...list)))),
    names.map((list) => [
      extensionRequest(subjectAltName(...list), extension('1.2.3', nullNode())),
    ]),
    names.map((list) => [
      attribute('1.2.840.113549.1.9.7', primitive(0x0c, Uint8Array.of(97))),
      extensionRequest(subjectAltName(...list)),
    ]),
    fc.constant([]),
  )
  const frame = fc.constantFrom<(pem: string) => string>(
    (pem) => pem,
    (pem) => pem,
    (pem) => ` \n${pem}\n`,
    (pem) => pem + pem,
    (pem) => `text\n${pem}`,
    (pem) => pem.replaceAll('\n', '\r\n'),
  )
  const flip = fc.tuple(fc.integer({ min: 0, max: 700 }), octet)
  const flips = fc.oneof(fc.constant([]), fc.constant([]), fc.constant([]), fc.tuple(flip))

  it('find the same in each request that is read here', async (context) => {
    requireTool(context, 'go', GO_HINT)
    const samples = fc.sample(fc.tuple(subject, attributes, frame, flips), {
      numRuns: 1500,
      seed: 20_261_127,
    })
    const requests = await Promise.all(
      samples.map(async ([its, asked, around, changes]) => {
        const der = await requestDer({ subject: its, attributes: asked })
        for (const [at, change] of changes)
          der[at % der.length] = (der[at % der.length] ?? 0) ^ change
        return toRequest(around(toPem(der)))
      }),
    )
    const theirs = goRun('read', `${requests.join('\n')}\n`)
    expect(theirs).toHaveLength(requests.length)
    let both = 0
    for (const [at, request] of requests.entries()) {
      const ours = await readCsr(request)
      if (!ours.ok) continue
      both++
      const { organization, commonName, dnsNames, addresses, others } = ours.value
      expect(theirs[at], Buffer.from(request, 'base64').toString()).toEqual({
        organizations: [organization],
        commonName,
        dnsNames,
        addresses,
        others: others.length,
      })
    }
    expect(both).toBeGreaterThan(50)
    expect(theirs.filter(({ error }) => error === undefined).length).toBeGreaterThan(both)
  })
})
