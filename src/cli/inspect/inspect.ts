// `rollcall inspect`: shows the parts of a PKCS#7 signature, and where verification refuses it.

import type { Command } from 'commander'
import { EXIT } from '../exit-status.ts'
import { addMoreHelp } from '../help.ts'
import { fileArgument, readInput } from '../named-file.ts'
import { printJson } from '../output.ts'
import { thisRun } from '../run.ts'
import { pkcs7Of } from '../verify/pkcs7-input.ts'
import { type Inspection, inspectMessage } from './inspection.ts'
import { inspectionJson, printInspection, printTree } from './report.ts'

/** Whether the message could be read to its end. Verification may still refuse it. */
const isWhole = ({ message, refusal }: Inspection): boolean =>
  message !== undefined &&
  refusal?.code !== 'malformed_encoding' &&
  refusal?.code !== 'malformed_der'

const inspect = async (path: string, options: { tree?: true; json?: true }): Promise<void> => {
  const inspection = inspectMessage(pkcs7Of(await readInput(path, 'PKCS7'), path))
  if (options.json) printJson(inspectionJson(inspection))
  else {
    printInspection(inspection)
    if (options.tree && inspection.message !== undefined) printTree(inspection.nodes)
  }
  if (!isWhole(inspection)) thisRun().exitWith(EXIT.notGood)
}

/** Adds the subcommand. */
export const addInspect = (program: Command): void => {
  const command = program
    .command('inspect')
    .description('Show what is in a PKCS#7 signature, also in a broken one.')
    .addArgument(fileArgument('<PKCS7>', 'the signature in a file: base64, PEM or DER'))
    .option('--tree', 'also show each element with its offset')
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(inspect)
  addMoreHelp(command, {
    examples: ['rollcall inspect pkcs7.txt', 'rollcall inspect --tree - < pkcs7.der'],
    more: `Nothing is verified: anybody may have written what this shows. Offsets count bytes of the
decoded message from 0.`,
    exits: '0 read to its end, 1 broken (it says where), 2 usage',
  })
}
