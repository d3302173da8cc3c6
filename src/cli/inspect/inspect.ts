// `rollcall inspect`: what is in a PKCS#7 signature, also in one that nothing accepts.

import type { Command } from 'commander'
import type { Bytes } from '../../base/bytes.ts'
import { readIdentityDocument } from '../../codec/identity-document.ts'
import { decodePkcs7 } from '../../codec/pem.ts'
import { readSignedData } from '../../codec/signed-data.ts'
import { InstanceIdentityError } from '../../base/errors.ts'
import { EXIT } from '../exit-status.ts'
import { addMoreHelp } from '../help.ts'
import { readInput } from '../named-file.ts'
import { printJson } from '../output.ts'
import { thisRun } from '../run.ts'
import { pkcs7Of } from '../verify/pkcs7-input.ts'
import { describeMessage } from './describe.ts'
import { readNodes } from './der-nodes.ts'
import { readLenientText } from './lenient-text.ts'
import { type Inspection, inspectionJson, printInspection, printTree } from './report.ts'

/** What verification says of the form alone, without trust and without a signature. */
const refusalOf = (input: string | Bytes): Inspection['refusal'] => {
  try {
    const { content } = readSignedData(typeof input === 'string' ? decodePkcs7(input) : input)
    if (content !== undefined) readIdentityDocument(content)
    return undefined
  } catch (error) {
    if (!(error instanceof InstanceIdentityError)) throw error
    return { code: error.code, detail: error.message }
  }
}

const inspectBytes = (input: string | Bytes): Inspection => {
  const read =
    typeof input === 'string' ? readLenientText(input) : { form: 'DER', bytes: input, problems: [] }
  const { nodes, problems } = readNodes(read.bytes)
  return {
    form: read.form,
    bytes: read.bytes.length,
    message: describeMessage(nodes[0]),
    nodes,
    problems: [...read.problems, ...problems],
    refusal: refusalOf(input),
  }
}

const inspect = async (path: string, options: { tree?: true; json?: true }): Promise<void> => {
  const inspection = inspectBytes(pkcs7Of(await readInput(path, 'PKCS7'), path))
  if (options.json) printJson(inspectionJson(inspection))
  else {
    printInspection(inspection)
    if (options.tree && inspection.message !== undefined) printTree(inspection.nodes)
  }
  if (inspection.problems.length > 0 || inspection.message === undefined) {
    thisRun().exitWith(EXIT.failed)
  }
}

/** Adds the subcommand. */
export const addInspect = (program: Command): void => {
  const command = program
    .command('inspect')
    .description('Show what is in a PKCS#7 signature, also in a broken one.')
    .argument('<PKCS7>', 'the signature in a file: base64, PEM or DER; - for standard input')
    .option('--tree', 'also show each element with its offset')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(inspect)
  addMoreHelp(command, {
    examples: ['rollcall inspect pkcs7.txt', 'rollcall inspect --tree - < pkcs7.der'],
    more: `Nothing is verified: what this shows, anybody may have written. Offsets count bytes of the
decoded message from 0.`,
    exits:
      '\nExit status: 0 read to its end, 1 some of it cannot be read (it says where), 2 usage.',
  })
}
