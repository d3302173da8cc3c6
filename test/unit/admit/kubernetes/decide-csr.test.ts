// The rules of the approver: a row for each rule and each trap, and for any names and addresses that nothing but the
// node's own is ever approved.

import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type NodeAddresses, readCsrObject } from '../../../../src/admit/kubernetes/csr-object.ts'
import type { AttestedAddresses } from '../../../../src/admit/kubernetes/claims.ts'
import { CSR_REASONS, type CsrReason } from '../../../../src/admit/kubernetes/csr-reasons.ts'
import {
  type CsrDecision,
  type CsrFacts,
  type CsrRules,
  decideCsr,
} from '../../../../src/admit/kubernetes/decide-csr.ts'
import {
  type CsrJson,
  type RequestParts,
  addressName,
  attribute,
  dnsName,
  emailName,
  extension,
  extensionRequest,
  mapped,
  nodeSubject,
  otherName,
  requestDer,
  servingCsr,
  subjectAltName,
  toPem,
  toRequest,
  uriName,
} from '../../../support/certificate-requests.ts'
import { nodeAt, nullNode, primitive, sequence } from '../../../support/der-tree.ts'

const NODE = 'cn-hangzhou.i-bp1a'
const OTHER = 'cn-hangzhou.i-bp1b'
const ADDRESS = '10.0.0.5'
/** When `servingCsr()` says that a request was made. */
const NOW = Date.parse('2026-11-27T12:00:00Z') / 1000

const RULES: CsrRules = {
  issuer: 'https://rollcall.test:8443',
  clientUsers: { prefix: 'rollcall:', group: 'system:bootstrappers:rollcall' },
}
const EXTRA = { 'rollcall.test/addresses': [ADDRESS], 'rollcall.test/role': ['worker'] }
const RECORD = { nodeName: NODE, address: ADDRESS, enrolledAt: NOW - 60, isRevoked: false }
const node = (name: string, ...addresses: readonly string[]): NodeAddresses => ({
  name,
  addresses,
  isControlPlane: false,
})

const FACTS: CsrFacts = {
  now: NOW,
  older: { ofUser: 0, inAll: 0 },
  nodes: [node(NODE, ADDRESS)],
}

const OWN_NAMES = [dnsName(NODE), addressName(10, 0, 0, 5)]
const OWN: RequestParts = { subject: nodeSubject(NODE), names: OWN_NAMES }

const requestOf = async (parts: Partial<RequestParts> = {}): Promise<string> =>
  toRequest(toPem(await requestDer({ ...OWN, ...parts })))

const CLIENT: Partial<CsrJson['spec']> = {
  signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
  username: `rollcall:${NODE}`,
  groups: ['system:bootstrappers:rollcall', 'system:authenticated'],
  usages: ['digital signature', 'client auth'],
}

const decide = (
  csr: CsrJson,
  facts: Partial<CsrFacts> = {},
  rules = RULES,
): Promise<CsrDecision> => {
  const read = readCsrObject(csr)
  if (read === undefined) throw new Error('not a CertificateSigningRequest')
  return decideCsr(read, { ...FACTS, ...facts }, rules)
}

/** What differs from the request of a good node. */
interface Row {
  readonly parts?: Partial<RequestParts>
  readonly spec?: Partial<CsrJson['spec']>
  readonly status?: CsrJson['status']
  /** The text of `metadata.creationTimestamp`. */
  readonly createdAt?: string
  readonly facts?: Partial<CsrFacts>
  readonly rules?: CsrRules
  /** Changes the PEM text. */
  readonly pem?: (pem: string) => string
  /** The exact text of `spec.request`. */
  readonly request?: string
}

const NO_EXTRA = { extra: {} }
const client = (row: Row = {}): Row => ({
  ...row,
  spec: { ...CLIENT, ...row.spec },
  parts: { names: [], ...row.parts },
})
const NAME_ALONE: Row = { parts: { names: [dnsName(NODE)] }, spec: NO_EXTRA }
/** A request that was made so many seconds ago. */
const madeAgo = (seconds: number): Row => ({
  createdAt: new Date((NOW - seconds) * 1000).toISOString().replace('.000', ''),
})
/** An approver that asks for the record of each node. */
const withRecord = (record: CsrFacts['record']): Row => ({
  rules: { ...RULES, needsRecord: true },
  facts: { record },
})
/** Another Node has the address in its status; these addresses are attested for it. Absent: it was not looked up. */
const claimed = (attested?: AttestedAddresses): Row => ({
  facts: {
    nodes: [node(NODE, ADDRESS), node(OTHER, '10.0.0.9', ADDRESS)],
    ...(attested && { attested: new Map([[OTHER, attested]]) }),
  },
})
const ROLE_ONLY = { 'rollcall.test/role': ['worker'] }

const ROWS: readonly (readonly [what: string, reason: CsrReason, row: Row])[] = [
  // What is approved.
  ['its own name and address, attested by the user', 'Attested', {}],
  ['no key encipherment', 'Attested', { spec: { usages: ['server auth', 'digital signature'] } }],
  [
    'a usage twice',
    'Attested',
    { spec: { usages: ['server auth', 'digital signature', 'server auth'] } },
  ],
  [
    'a name alone, attested by the user',
    'Attested',
    { parts: { names: [dnsName(NODE)] }, facts: { nodes: undefined } },
  ],
  ['a name alone, attested by a record', 'Attested', { ...NAME_ALONE, facts: { record: RECORD } }],
  ['an address alone', 'Attested', { parts: { names: [addressName(10, 0, 0, 5)] } }],
  ['its name in upper case', 'Attested', { parts: { names: [dnsName(NODE.toUpperCase())] } }],
  ['its name and address twice', 'Attested', { parts: { names: [...OWN_NAMES, ...OWN_NAMES] } }],
  ['CN before O', 'Attested', { parts: { subject: nodeSubject(NODE).toReversed() } }],
  [
    'a subject in PrintableString',
    'Attested',
    {
      parts: {
        subject: [
          [['O', 'system:nodes', 'printable']],
          [['CN', `system:node:${NODE}`, 'printable']],
        ],
      },
    },
  ],
  [
    'a critical subjectAltName',
    'Attested',
    {
      parts: {
        attributes: [extensionRequest(extension('2.5.29.17', sequence(...OWN_NAMES), 0xff))],
      },
    },
  ],
  ['a key on P-384', 'Attested', { parts: { key: 'P-384', hash: 'SHA-384' } }],
  ['a key on P-521', 'Attested', { parts: { key: 'P-521', hash: 'SHA-512' } }],
  ['a key of Ed25519', 'Attested', { parts: { key: 'Ed25519' } }],
  ['a key of RSA, 2048 bits', 'Attested', { parts: { key: 'RSA-2048' } }],
  ['white space around the PEM block', 'Attested', { pem: (pem) => `\n  ${pem}\n\n` }],
  ['lines that end in CRLF', 'Attested', { pem: (pem) => pem.replaceAll('\n', '\r\n') }],
  ['an address from a record', 'Attested', { spec: NO_EXTRA, facts: { record: RECORD } }],
  [
    'an address from a record of an hour',
    'Attested',
    { spec: NO_EXTRA, facts: { record: { ...RECORD, enrolledAt: NOW - 3600 } } },
  ],
  ['a request of an hour, with an address in the user', 'Attested', madeAgo(3600)],
  ['an older request, with a record', 'Attested', { ...madeAgo(3601), facts: { record: RECORD } }],
  [
    'an older request for a client certificate, with a record',
    'Attested',
    { ...client(), ...madeAgo(3601), facts: { record: RECORD } },
  ],
  ['an address of the user, and a record', 'Attested', withRecord(RECORD)],
  [
    'an address of the user, and an old record with the same one',
    'Attested',
    withRecord({ ...RECORD, enrolledAt: NOW - 86_400 }),
  ],
  ['four others of the user before it', 'Attested', { facts: { older: { ofUser: 4, inAll: 4 } } }],
  ['99 others before it', 'Attested', { facts: { older: { ofUser: 0, inAll: 99 } } }],
  ['a first client certificate of a user of the cluster’s own', 'Attested', client()],
  ['an address that another Node claims, and nothing attests it', 'Attested', claimed([])],
  ['an address that another Node claims, which has another one', 'Attested', claimed(['10.0.0.9'])],

  // What is denied: the text.
  ['nothing', 'RequestMalformed', { request: '' }],
  ['no base64', 'RequestMalformed', { request: 'not base64' }],
  ['base64 of no text', 'RequestMalformed', { request: '/////w==' }],
  ['DER without PEM', 'RequestMalformed', { pem: (pem) => pem.split('\n').slice(1, -2).join('') }],
  ['two PEM blocks', 'RequestMalformed', { pem: (pem) => pem + pem }],
  ['text before the PEM block', 'RequestMalformed', { pem: (pem) => `a comment\n${pem}` }],
  ['text after the PEM block', 'RequestMalformed', { pem: (pem) => `${pem}a comment` }],
  [
    'a header in the PEM block',
    'RequestMalformed',
    { pem: (pem) => pem.replace('-----\n', '-----\nA: b\n\n') },
  ],
  [
    'a block NEW CERTIFICATE REQUEST',
    'RequestMalformed',
    { pem: (pem) => pem.replaceAll('CERTIFICATE', 'NEW CERTIFICATE') },
  ],
  ['more than 16,384 characters', 'RequestMalformed', { pem: (pem) => pem + ' '.repeat(16_384) }],
  [
    'an IPv4 address in the form of IPv6',
    'RequestMalformed',
    { parts: { names: [dnsName(NODE), addressName(...mapped(10, 0, 0, 5))] } },
  ],
  [
    'an address of five bytes',
    'RequestMalformed',
    { parts: { names: [addressName(10, 0, 0, 5, 0)] } },
  ],
  [
    'an empty subjectAltName',
    'RequestMalformed',
    { parts: { attributes: [extensionRequest(subjectAltName())] } },
  ],
  [
    'a DNS name with NUL',
    'RequestMalformed',
    { parts: { names: [dnsName(`${NODE}\0.evil.example`)] } },
  ],
  ['version 2', 'RequestMalformed', { parts: { version: 1 } }],

  // What is denied: key and signature.
  [
    'a signature of something else',
    'SignatureInvalid',
    {
      parts: {
        change: (root) =>
          void (nodeAt(root, 0, 1).children = nodeAt(root, 0, 1).children?.toReversed() ?? []),
      },
    },
  ],
  ['a signature of SHA-1', 'SignatureInvalid', { parts: { hash: 'SHA-1' } }],
  [
    'a signature by an algorithm of another key',
    'SignatureInvalid',
    {
      parts: {
        key: 'RSA-2048',
        change: (root) =>
          nodeAt(root, 1).children?.splice(0, 2, primitive(0x06, Uint8Array.of(0x2b, 0x65, 0x70))),
      },
    },
  ],
  ['an RSA key of 1024 bits', 'KeyNotAllowed', { parts: { key: 'RSA-1024' } }],
  [
    'a point that is not on its curve',
    'KeyNotAllowed',
    { parts: { change: (root) => nodeAt(root, 0, 2, 1).contents?.fill(0x07, 10, 40) } },
  ],

  // What is denied: the subject.
  ['the name of another node', 'NameOfOther', { parts: { subject: nodeSubject(OTHER) } }],
  [
    'its own name in upper case as CN',
    'NameOfOther',
    { parts: { subject: nodeSubject(NODE.toUpperCase()) } },
  ],
  [
    'a CN without system:node:',
    'NameOfOther',
    { parts: { subject: [[['O', 'system:nodes']], [['CN', NODE]]] } },
  ],
  [
    'O system:masters',
    'OrganizationNotNodes',
    { parts: { subject: [[['O', 'system:masters']], [['CN', `system:node:${NODE}`]]] } },
  ],
  [
    'two O',
    'SubjectMalformed',
    {
      parts: {
        subject: [
          [['O', 'system:nodes']],
          [['O', 'system:masters']],
          [['CN', `system:node:${NODE}`]],
        ],
      },
    },
  ],
  [
    'two CN',
    'SubjectMalformed',
    { parts: { subject: [...nodeSubject(NODE), [['CN', `system:node:${OTHER}`]]] } },
  ],
  ['O and CN in one RDN', 'SubjectMalformed', { parts: { subject: [nodeSubject(NODE).flat()] } }],
  [
    'two O in one RDN',
    'SubjectMalformed',
    {
      parts: {
        subject: [
          [
            ['O', 'system:nodes'],
            ['O', 'system:masters'],
          ],
          [['CN', `system:node:${NODE}`]],
        ],
      },
    },
  ],
  [
    'an OU as well',
    'SubjectMalformed',
    { parts: { subject: [...nodeSubject(NODE), [['OU', 'x']]] } },
  ],
  ['no O', 'SubjectMalformed', { parts: { subject: [[['CN', `system:node:${NODE}`]]] } }],
  ['an empty subject', 'SubjectMalformed', { parts: { subject: [] } }],
  [
    'a CN in BMPString',
    'SubjectMalformed',
    { parts: { subject: [[['O', 'system:nodes']], [['CN', `system:node:${NODE}`, 'bmp']]] } },
  ],
  [
    'a CN with a zero-width space',
    'SubjectMalformed',
    { parts: { subject: [[['O', 'system:nodes']], [['CN', `system:node:${NODE}\u200b`]]] } },
  ],

  // What is denied: attributes and extensions.
  [
    'a challenge password',
    'NotRequestable',
    {
      parts: {
        attributes: [attribute('1.2.840.113549.1.9.7', primitive(0x0c, Uint8Array.of(97)))],
      },
    },
  ],
  [
    'two extensionRequests',
    'NotRequestable',
    {
      parts: {
        attributes: [
          extensionRequest(subjectAltName(dnsName(NODE))),
          extensionRequest(subjectAltName(dnsName(OTHER))),
        ],
      },
    },
  ],
  [
    'two extensionRequests, one of them empty',
    'NotRequestable',
    { parts: { attributes: [extensionRequest(subjectAltName(...OWN_NAMES)), extensionRequest()] } },
  ],
  [
    'subjectAltName twice',
    'NotRequestable',
    {
      parts: {
        attributes: [
          extensionRequest(subjectAltName(dnsName(NODE)), subjectAltName(dnsName(OTHER))),
        ],
      },
    },
  ],
  [
    'to be a CA',
    'NotRequestable',
    {
      parts: {
        attributes: [
          extensionRequest(
            subjectAltName(...OWN_NAMES),
            extension('2.5.29.19', sequence(primitive(0x01, Uint8Array.of(0xff)))),
          ),
        ],
      },
    },
  ],
  [
    'an unknown extension',
    'NotRequestable',
    {
      parts: {
        attributes: [
          extensionRequest(subjectAltName(...OWN_NAMES), extension('1.2.3.4', nullNode())),
        ],
      },
    },
  ],

  // What is denied: usages and names.
  [
    'client auth for serving',
    'UsagesNotAllowed',
    { spec: { usages: ['digital signature', 'client auth'] } },
  ],
  [
    'both auths',
    'UsagesNotAllowed',
    { spec: { usages: ['digital signature', 'server auth', 'client auth'] } },
  ],
  [
    'cert sign',
    'UsagesNotAllowed',
    { spec: { usages: ['digital signature', 'server auth', 'cert sign'] } },
  ],
  [
    'no digital signature',
    'UsagesNotAllowed',
    { spec: { usages: ['key encipherment', 'server auth'] } },
  ],
  ['no usage', 'UsagesNotAllowed', { spec: { usages: [] } }],
  ['no name and no address', 'NamesMissing', { parts: { names: [] } }],
  [
    'an e-mail address',
    'NamesNotAllowed',
    { parts: { names: [...OWN_NAMES, emailName('a@b.example')] } },
  ],
  ['a URI', 'NamesNotAllowed', { parts: { names: [...OWN_NAMES, uriName('spiffe://b/a')] } }],
  ['an other name', 'NamesNotAllowed', { parts: { names: [...OWN_NAMES, otherName()] } }],
  [
    'the DNS name of another node',
    'DnsNameNotOfNode',
    { parts: { names: [dnsName(NODE), dnsName(OTHER)] } },
  ],
  ['a wildcard', 'DnsNameNotOfNode', { parts: { names: [dnsName('*.i-bp1a')] } }],
  [
    'its name with a dot at the end',
    'DnsNameNotOfNode',
    { parts: { names: [dnsName(`${NODE}.`)] } },
  ],
  [
    'the name of the API server',
    'DnsNameNotOfNode',
    { parts: { names: [dnsName('kubernetes.default.svc')] } },
  ],
  ['its address as a DNS name', 'DnsNameNotOfNode', { parts: { names: [dnsName(ADDRESS)] } }],
  [
    'the address of another node',
    'AddressNotAttested',
    { parts: { names: [addressName(10, 0, 0, 5), addressName(10, 0, 0, 6)] } },
  ],
  [
    'another address than the record has',
    'AddressNotAttested',
    { parts: { names: [addressName(10, 0, 0, 6)] }, spec: NO_EXTRA, facts: { record: RECORD } },
  ],
  [
    'the address of the user, after the instance enrolled with another one',
    'AddressNotAttested',
    withRecord({ ...RECORD, address: '10.0.0.6' }),
  ],
  [
    'another address, with many others before it',
    'AddressNotAttested',
    { parts: { names: [addressName(10, 0, 0, 6)] }, facts: { older: { ofUser: 9, inAll: 900 } } },
  ],
  [
    'an IPv6 address',
    'AddressNotAttested',
    { parts: { names: [addressName(...Array.from({ length: 16 }, () => 1))] } },
  ],
  ['the loopback address', 'AddressNotAttested', { parts: { names: [addressName(127, 0, 0, 1)] } }],
  [
    'a client certificate with a DNS name',
    'NamesNotAllowed',
    client({ parts: { names: [dnsName(NODE)] } }),
  ],
  [
    'a client certificate with the usages of serving',
    'UsagesNotAllowed',
    client({ spec: { usages: ['digital signature', 'server auth'] } }),
  ],
  [
    'a client certificate for another node',
    'NameOfOther',
    client({ parts: { subject: nodeSubject(OTHER) } }),
  ],

  // What is left: not for this approver.
  [
    'an approved request',
    'AlreadyDecided',
    { status: { conditions: [{ type: 'Approved', status: 'True' }] } },
  ],
  [
    'a denied request',
    'AlreadyDecided',
    { status: { conditions: [{ type: 'Denied', status: 'True' }] } },
  ],
  [
    'a request whose signing failed',
    'AlreadyDecided',
    { status: { conditions: [{ type: 'Failed', status: 'True' }] } },
  ],
  ['a signed request', 'AlreadyDecided', { status: { certificate: 'LS0t' } }],
  [
    'another signer',
    'OtherSigner',
    { spec: { signerName: 'kubernetes.io/kube-apiserver-client' } },
  ],
  ['a signer like ours', 'OtherSigner', { spec: { signerName: 'kubernetes.io/kubelet-serving2' } }],
  [
    'a client certificate that nobody may have',
    'OtherSigner',
    { ...client(), rules: { issuer: RULES.issuer } },
  ],
  ['a person', 'NotANode', { spec: { username: 'kubernetes-admin', groups: ['system:masters'] } }],
  [
    'a node’s name outside of the group',
    'NotANode',
    { spec: { groups: ['system:authenticated'] } },
  ],
  ['a group like the nodes’', 'NotANode', { spec: { groups: ['system:nodes2'] } }],
  ['a user system:node: without a name', 'NotANode', { spec: { username: 'system:node:' } }],
  ['a user whose name is no name of a node', 'NotANode', { spec: { username: 'system:node:a b' } }],
  [
    'a client certificate by a user of another prefix',
    'NotANode',
    client({ spec: { username: `system:node:${NODE}` } }),
  ],

  // What is left: perhaps right later.
  [
    'five others of the user before it',
    'TooManyOfUser',
    { facts: { older: { ofUser: 5, inAll: 5 } } },
  ],
  ['100 others before it', 'TooManyPending', { facts: { older: { ofUser: 0, inAll: 100 } } }],
  [
    'a client certificate without an attested address',
    'NotAttested',
    client({ spec: { extra: ROLE_ONLY } }),
  ],
  ['a name alone that nothing attests', 'AddressUnknown', NAME_ALONE],
  [
    'a name alone without a record',
    'NotEnrolled',
    { ...NAME_ALONE, facts: { record: 'NotEnrolled' } },
  ],
  [
    'a name alone with the record of another node',
    'NotEnrolled',
    { ...NAME_ALONE, facts: { record: { ...RECORD, nodeName: OTHER } } },
  ],
  [
    'a name alone of a revoked instance',
    'RecordRevoked',
    { ...NAME_ALONE, facts: { record: { ...RECORD, isRevoked: true } } },
  ],
  [
    'a name alone with an old record',
    'RecordTooOld',
    { ...NAME_ALONE, facts: { record: { ...RECORD, enrolledAt: NOW - 3601 } } },
  ],
  ['a request of more than an hour, by its user alone', 'AddressUnknown', madeAgo(3601)],
  ['a request from the future', 'AddressUnknown', madeAgo(-1)],
  ['a request without a time', 'AddressUnknown', { createdAt: '' }],
  ['a request with a date alone', 'AddressUnknown', { createdAt: '2026-11-27' }],
  [
    'a client certificate of more than an hour ago',
    'AddressUnknown',
    { ...client(), ...madeAgo(3601) },
  ],
  [
    'a client certificate of more than an hour ago, of a revoked instance',
    'RecordRevoked',
    { ...client(), ...madeAgo(3601), facts: { record: { ...RECORD, isRevoked: true } } },
  ],
  ['a needed record that was not asked for', 'AddressUnknown', withRecord(undefined)],
  ['a needed record that is missing', 'NotEnrolled', withRecord('NotEnrolled')],
  [
    'a needed record, with the service down',
    'ServiceUnavailable',
    withRecord('ServiceUnavailable'),
  ],
  [
    'a banned instance with an address in the user',
    'RecordRevoked',
    withRecord({ ...RECORD, isRevoked: true }),
  ],
  [
    'a client certificate of a banned instance',
    'RecordRevoked',
    { ...client(), ...withRecord({ ...RECORD, isRevoked: true }) },
  ],
  [
    'an old record with another address than the user',
    'RecordTooOld',
    withRecord({ ...RECORD, address: '10.0.0.6', enrolledAt: NOW - 3601 }),
  ],
  ['no attested address', 'AddressUnknown', { spec: { extra: ROLE_ONLY } }],
  [
    'two attested addresses',
    'AddressUnknown',
    { spec: { extra: { 'rollcall.test/addresses': [ADDRESS, '10.0.0.6'] } } },
  ],
  [
    'an attested address that is none',
    'AddressUnknown',
    { spec: { extra: { 'rollcall.test/addresses': ['10.0.0.05'] } } },
  ],
  [
    'an address attested by another issuer',
    'AddressUnknown',
    { spec: { extra: { 'other.test/addresses': [ADDRESS] } } },
  ],
  ['no record', 'NotEnrolled', { spec: NO_EXTRA, facts: { record: 'NotEnrolled' } }],
  [
    'the record of another node',
    'NotEnrolled',
    { spec: NO_EXTRA, facts: { record: { ...RECORD, nodeName: OTHER } } },
  ],
  [
    'a service that is not available',
    'ServiceUnavailable',
    { spec: NO_EXTRA, facts: { record: 'ServiceUnavailable' } },
  ],
  [
    'a record of more than an hour',
    'RecordTooOld',
    { spec: NO_EXTRA, facts: { record: { ...RECORD, enrolledAt: NOW - 3601 } } },
  ],
  [
    'a revoked instance',
    'RecordRevoked',
    { spec: NO_EXTRA, facts: { record: { ...RECORD, isRevoked: true } } },
  ],
  ['Nodes that were not read', 'NodesUnknown', { facts: { nodes: undefined } }],
  ['another Node with the address that was not looked up', 'NodesUnknown', claimed()],
  ['an address that another attested Node has', 'AddressOfOtherNode', claimed([ADDRESS])],
  [
    'an address that a control plane machine has',
    'AddressOfOtherNode',
    { facts: { nodes: [{ ...node(OTHER, ADDRESS), isControlPlane: true }] } },
  ],
  ['another Node whose record cannot be read', 'ServiceUnavailable', claimed('ServiceUnavailable')],
]

describe('decideCsr()', () => {
  it.each(ROWS)('decides about %s: %s', async (_, reason, row) => {
    const pem = toPem(await requestDer({ ...OWN, ...row.parts }))
    const request = row.request ?? toRequest(row.pem?.(pem) ?? pem)
    const csr = servingCsr(NODE, request, { extra: EXTRA, ...row.spec })
    const { createdAt = csr.metadata.creationTimestamp } = row
    const metadata = { ...csr.metadata, creationTimestamp: createdAt }
    const given = { ...csr, metadata, ...(row.status && { status: row.status }) }
    const decided = await decide(given, row.facts, row.rules)
    expect(decided, decided.message).toMatchObject({
      reason,
      decision: CSR_REASONS[reason].action,
    })
    expect(decided.message.split(' ').length, decided.message).toBeLessThanOrEqual(25)
  })

  it('has a row for each reason', () => {
    const met = new Set(ROWS.map(([, reason]) => reason))
    expect(Object.keys(CSR_REASONS).filter((reason) => !met.has(reason as CsrReason))).toEqual([])
    expect(ROWS.length).toBeGreaterThan(40)
  })

  it('refuses bytes after the request, within its PEM block', async () => {
    const der = Uint8Array.of(...(await requestDer(OWN)), 0)
    const csr = servingCsr(NODE, toRequest(toPem(der)), { extra: EXTRA })
    expect(await decide(csr)).toMatchObject({ decision: 'deny', reason: 'RequestMalformed' })
  })

  it('refuses BER that is not DER, though it is signed', async () => {
    // The same request with the length of its outermost element in one byte more than needed.
    const [tag = 0, ...rest] = await requestDer(OWN)
    expect(rest[0]).toBe(0x82)
    const der = Uint8Array.of(tag, 0x83, 0, ...rest.slice(1))
    const csr = servingCsr(NODE, toRequest(toPem(der)), { extra: EXTRA })
    expect(await decide(csr)).toMatchObject({ decision: 'deny', reason: 'RequestMalformed' })
  })

  it('shows no control character of a request, and not all of a long name', async () => {
    const names = [dnsName('x'.repeat(300))]
    const { message } = await decide(servingCsr(NODE, await requestOf({ names }), { extra: EXTRA }))
    expect(message).toContain(`"${'x'.repeat(80)}..."`)
    const user = servingCsr(NODE, '', { username: 'a\u001b[2J\n' })
    expect((await decide(user)).message).toContain('"a\\u001b[2J\\u000a"')
  })
})

describe('decideCsr(), for any request', () => {
  const label = fc.stringMatching(/^[a-z0-9]{1,8}$/)
  const name = fc.oneof(
    fc.constantFrom(NODE, OTHER, NODE.toUpperCase(), `${NODE}.`, `*.${NODE}`, 'localhost'),
    fc.tuple(label, label).map((labels) => labels.join('.')),
  )
  const octet = fc.integer({ min: 0, max: 255 })
  const address = fc.oneof(
    fc.constantFrom([10, 0, 0, 6], [0, 0, 0, 0], mapped(10, 0, 0, 5)),
    fc.array(octet, { minLength: 4, maxLength: 4 }),
    fc.array(octet, { minLength: 16, maxLength: 16 }),
  )
  // What the node may have comes as often as everything else, so that requests are approved too.
  const own = fc.constantFrom('name', 'address')
  const asks = fc.array(
    fc.oneof(
      own,
      own,
      name.map(dnsName),
      address.map((it) => addressName(...it)),
    ),
    {
      maxLength: 3,
    },
  )

  it('approves no name and no address but the node’s own', async () => {
    let approved = 0
    const property = fc.asyncProperty(
      name,
      fc.oneof(fc.constant(null), name),
      asks,
      async (user, other, asked) => {
        const cn = other ?? user
        const allowed = { name: dnsName(user), address: addressName(10, 0, 0, 5) }
        const names = asked.map((it) => (it === 'name' || it === 'address' ? allowed[it] : it))
        const request = await requestOf({ subject: nodeSubject(cn), names })
        const { decision } = await decide(servingCsr(user, request, { extra: EXTRA }), {
          nodes: [],
        })
        if (decision !== 'approve') return
        approved++
        expect(cn).toBe(user)
        const texts = names.map(({ tag, contents = new Uint8Array() }) =>
          tag === 0x82 ? Buffer.from(contents).toString().toLowerCase() : contents.join('.'),
        )
        expect(texts.length).toBeGreaterThan(0)
        expect(texts.filter((text) => text !== user && text !== ADDRESS)).toEqual([])
      },
    )
    await fc.assert(property, { numRuns: 400, seed: 20_261_127 })
    expect(approved).toBeGreaterThan(10)
  })

  it('approves nothing without an attestation of this node', async () => {
    const problems: readonly CsrFacts['record'][] = [
      undefined,
      'NotEnrolled',
      'ServiceUnavailable',
      { ...RECORD, isRevoked: true },
      { ...RECORD, enrolledAt: NOW - 3601 },
      { ...RECORD, nodeName: 'another.node' },
    ]
    // A bootstrap token of kubeadm gives a client certificate for any of these.
    const node = fc.oneof(
      fc.constantFrom(NODE, 'kubernetes.default.svc', 'cluster.example'),
      fc.tuple(label, label).map((labels) => labels.join('.')),
    )
    const property = fc.asyncProperty(
      node,
      fc.subarray(['name', 'address'], { minLength: 1 }),
      fc.constantFrom(...problems),
      async (user, asked, record) => {
        const own = { name: dnsName(user), address: addressName(10, 0, 0, 5) }
        const names = asked.map((it) => own[it as keyof typeof own])
        const request = await requestOf({ subject: nodeSubject(user), names })
        expect(await decide(servingCsr(user, request), { record })).toMatchObject({
          decision: 'leave',
        })
      },
    )
    await fc.assert(property, { numRuns: 150, seed: 20_261_127 })
  })

  it('approves no change of a byte of a good request, and never throws', async () => {
    const good = await requestDer(OWN)
    const property = fc.asyncProperty(
      fc.integer({ min: 0, max: good.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, change) => {
        const der = Uint8Array.from(good)
        der[at] = (der[at] as number) ^ change
        const csr = servingCsr(NODE, toRequest(toPem(der)), { extra: EXTRA })
        expect((await decide(csr)).decision).toBe('deny')
      },
    )
    await fc.assert(property, { numRuns: 600, seed: 20_261_127 })
  })

  it('reads any text without throwing, and approves none', async () => {
    const text = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => toRequest(toPem(bytes))),
    )
    const property = fc.asyncProperty(text, async (request) => {
      const csr = servingCsr(NODE, request, { extra: EXTRA })
      expect(await decide(csr)).toMatchObject({ decision: 'deny', reason: 'RequestMalformed' })
    })
    await fc.assert(property, { numRuns: 500, seed: 20_261_127 })
  })
})

test('decideCsr() denies nothing that another look could decide differently', () => {
  const denied = Object.entries(CSR_REASONS).filter(([, { action }]) => action === 'deny')
  const facts = /record|Nodes? of the cluster|before this one|could not be/
  expect(denied.filter(([, { means }]) => facts.test(means))).toEqual([])
})
