// An inspected message as lines for people, and as JSON for programs.

import { print, printMembers, printable } from '../output.ts'
import type { DescribedCertificate, DescribedMessage, DescribedSigner } from './describe.ts'
import type { DerNode } from './der-tree.ts'
import type { Inspection } from './inspection.ts'
import { tagText, valueText } from './values.ts'

type Rows = [string, string | undefined][]

const signerRows = (it: DescribedSigner): Rows => [
  ['signer', `serial ${it.serial ?? '?'}, issuer ${it.issuer ?? '? (not by name)'}`],
  ['  digest', it.digest_algorithm],
  ['  signature', `${it.signature_algorithm ?? '?'}, ${it.signature_bytes ?? '?'} bytes`],
  ...Object.entries(it.signed_attributes ?? { none: '' }).map(([name, value]): [string, string] => [
    '  signed attribute',
    `${name} ${value}`.trim(),
  ]),
]

const certificateRows = (it: DescribedCertificate): Rows => [
  ['certificate', `serial ${it.serial ?? '?'}, subject ${it.subject ?? '?'} (never trusted)`],
  ['  emulator', it.emulated ? 'this certificate was made by the rollcall emulator' : undefined],
  ['  valid', `${it.not_before ?? '?'} to ${it.not_after ?? '?'}`],
]

const contentRows = (it: DescribedMessage): Rows => {
  const type = it.content_type ?? '?'
  if (it.content === undefined) {
    return [['content', `detached (${type}): it is the document beside this signature`]]
  }
  const fields = Object.entries(it.fields)
  return [
    ['content', `${it.content_bytes} bytes, ${type}`],
    ...(fields.length === 0 ? [['', it.content] as [string, string]] : []),
    ...fields.map(([name, value]): [string, string] => [`  ${name}`, value]),
  ]
}

const messageRows = (it: DescribedMessage): Rows => [
  ['version', it.version],
  ['digest algorithms', it.digest_algorithms.join(', ')],
  ...contentRows(it),
  ...it.certificates.flatMap(certificateRows),
  ['certificates', it.certificates.length === 0 ? 'none' : undefined],
  ...it.signers.flatMap(signerRows),
  ['signers', it.signers.length === 0 ? 'none' : undefined],
]

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

const refusalLines = ({ refusal }: Inspection): string[] => {
  if (refusal === undefined) return ['structure: one that ECS sends, or may send']
  const { code, detail, place, around } = refusal
  return [`structure: refused, ${code} (${detail})`, `  at ${place}: ${printable(around)}`]
}

/** Prints the result for people. */
export const printInspection = (inspection: Inspection): void => {
  const { form, bytes, missingBytes, message, nodes } = inspection
  const what = message === undefined ? 'no PKCS#7 SignedData' : 'PKCS#7 SignedData'
  print(`${what}, ${bytes} bytes, ${form}`)
  if (message === undefined) printTree(nodes)
  else printMembers(messageRows(message))
  if (missingBytes > 0) {
    print(`cut off: the message should have ${bytes + missingBytes} bytes, ${bytes} are there`)
  }
  print(...refusalLines(inspection), 'signature: not checked; use `rollcall verify`')
}

/** The result for programs. */
export const inspectionJson = (inspection: Inspection): unknown => {
  const { form, bytes, missingBytes, message, refusal } = inspection
  return {
    form,
    bytes,
    missing_bytes: missingBytes,
    ...message,
    structure_accepted: refusal === undefined,
    refusal,
  }
}
