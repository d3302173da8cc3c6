// A described message as lines for people, and as JSON for programs.

import { print, printMembers, printable } from '../output.ts'
import type { DescribedMessage, DescribedSigner } from './describe.ts'
import type { DerNode, Problem } from './der-nodes.ts'
import { tagText, valueText } from './values.ts'

/** What is told of a message. */
export interface Inspection {
  /** `DER`, `base64`, `PEM (PKCS7)`. */
  readonly form: string
  readonly bytes: number
  readonly message: DescribedMessage | undefined
  readonly nodes: readonly DerNode[]
  readonly problems: readonly Problem[]
  /** Why verification refuses its structure; absent if it doesn't. */
  readonly refusal: { readonly code: string; readonly detail: string } | undefined
}

type Rows = [string, string | undefined][]

const signerRows = (signer: DescribedSigner, number: string): Rows => [
  [
    `signer${number}`,
    `serial ${signer.serial ?? '?'}, issuer ${signer.issuer ?? '? (not by name)'}`,
  ],
  ['  digest', signer.digestAlgorithm],
  ['  signature', `${signer.signatureAlgorithm ?? '?'}, ${signer.signatureBytes ?? '?'} bytes`],
  ...(signer.signedAttributes ?? [['none', '']]).map(([name, value]): [string, string] => [
    '  signed attribute',
    `${name} ${value}`.trim(),
  ]),
]

const messageRows = (message: DescribedMessage): Rows => {
  const { content, contentBytes, fields, certificates, signers } = message
  const many = signers.length > 1
  return [
    ['version', message.version],
    ['digest algorithms', message.digestAlgorithms.join(', ')],
    [
      'content',
      content === undefined
        ? `detached (${message.contentType ?? '?'}): it is the document beside this signature`
        : `${contentBytes} bytes, ${message.contentType ?? '?'}`,
    ],
    ...(fields.length === 0 ? [['', content] as [string, string | undefined]] : []),
    ...fields.map(([name, value]): [string, string] => [`  ${name}`, value]),
    ...certificates.flatMap((it): Rows => [
      ['certificate', `serial ${it.serial ?? '?'}, subject ${it.subject ?? '?'} (never trusted)`],
      [
        '  emulator',
        it.emulated ? 'this certificate was made by the rollcall emulator' : undefined,
      ],
      ['  valid', `${it.notBefore ?? '?'} to ${it.notAfter ?? '?'}`],
    ]),
    ...(certificates.length === 0 ? [['certificates', 'none'] as [string, string]] : []),
    ...signers.flatMap((signer, at) => signerRows(signer, many ? ` ${at + 1}` : '')),
    ...(signers.length === 0 ? [['signers', 'none'] as [string, string]] : []),
  ]
}

/** Prints each element on a line, with its offset. */
export const printTree = (nodes: readonly DerNode[], depth = 0): void => {
  for (const node of nodes) {
    const { offset, children, contents } = node
    const inner = children.length > 0 || contents.length === 0 ? '' : `  ${valueText(node)}`
    const place = String(offset).padStart(5)
    print(printable(`${place}  ${'  '.repeat(depth)}${tagText(node)} (${contents.length})${inner}`))
    printTree(children, depth + 1)
  }
}

/** Prints what people read. */
export const printInspection = (inspection: Inspection): void => {
  const { form, bytes, message, problems, refusal, nodes } = inspection
  const what = message === undefined ? 'no PKCS#7 SignedData' : 'PKCS#7 SignedData'
  print(`${what}, ${bytes} bytes, ${form}`)
  if (message === undefined) printTree(nodes)
  else printMembers(messageRows(message))
  for (const { where, what: wrong } of problems) print(`cannot be read at ${where}: ${wrong}`)
  print(
    refusal === undefined
      ? 'structure: one that ECS sends, or may send'
      : `structure: refused, ${refusal.code} (${refusal.detail})`,
    'signature: not checked here; `rollcall verify` does',
  )
}

/** The same for programs. */
export const inspectionJson = (inspection: Inspection): unknown => {
  const { form, bytes, message, problems, refusal } = inspection
  return {
    form,
    bytes,
    version: message?.version,
    content_type: message?.contentType,
    digest_algorithms: message?.digestAlgorithms,
    content: message?.content,
    fields: message && Object.fromEntries(message.fields),
    certificates: message?.certificates.map((it) => ({
      serial: it.serial,
      subject: it.subject,
      issuer: it.issuer,
      not_before: it.notBefore,
      not_after: it.notAfter,
      emulated: it.emulated,
    })),
    signers: message?.signers.map((it) => ({
      serial: it.serial,
      issuer: it.issuer,
      digest_algorithm: it.digestAlgorithm,
      signature_algorithm: it.signatureAlgorithm,
      signature_bytes: it.signatureBytes,
      signed_attributes: it.signedAttributes && Object.fromEntries(it.signedAttributes),
    })),
    problems,
    structure_accepted: refusal === undefined,
    refusal,
  }
}
