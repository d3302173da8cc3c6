// `rollcall verify`: evidence in files, verified offline: who it is, or which check failed.

import type { Command } from 'commander'
import {
  InstanceIdentityError,
  type InstanceIdentity,
  type TrustAnchor,
  parseTrustAnchors,
  verifyInstanceIdentity,
} from '../../index.ts'
import { AUDIENCE_PATTERN } from '../../codec/identity-document.ts'
import { ECS_FIELDS, ECS_FIELD_NAMES } from '../../policy/fields.ts'
import { usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { say } from '../say.ts'
import { addMoreHelp } from '../help.ts'
import { fileArgument, readInput, readNamedFile } from '../named-file.ts'
import { print, printJson, printMembers, printable } from '../output.ts'
import { thisRun } from '../run.ts'
import { EXPLANATIONS } from './explain.ts'
import { pkcs7Of } from './pkcs7-input.ts'

interface VerifyOptions {
  readonly audience?: string
  readonly trustAnchor?: string
  readonly json?: true
}

const readAnchors = async (path: string): Promise<readonly TrustAnchor[]> => {
  const pem = await readNamedFile(path, '--trust-anchor')
  try {
    return await parseTrustAnchors(pem)
  } catch (error) {
    if (!(error instanceof InstanceIdentityError)) throw error
    throw usageError(
      `--trust-anchor: ${path}: ${error.message}; expected PEM certificates with RSA keys of 2048 bits`,
    )
  }
}

const NO_AUDIENCE =
  'warning: without --audience freshness is not checked: anyone who has seen this evidence can use it ' +
  'for years'

const membersOf = (identity: InstanceIdentity): [string, string | undefined][] => [
  ...ECS_FIELD_NAMES.map((name): [string, string] => [name, identity[ECS_FIELDS[name]]]),
  ['audience', identity.audience ?? '(none)'],
  [
    'unknown fields',
    identity.unknownFields.length === 0 ? undefined : identity.unknownFields.join(', '),
  ],
  ['trust anchor', `SHA-256 ${identity.trustAnchor}`],
]

/** Who signed, for people. */
const signerText = (trustAnchor: string | undefined, emulated: boolean): string => {
  if (trustAnchor === undefined) return 'Alibaba Cloud'
  return emulated
    ? `an emulator, whose certificate is in ${trustAnchor}, not by Alibaba Cloud`
    : `a certificate of ${trustAnchor}`
}

const printVerified = (
  identity: InstanceIdentity,
  options: VerifyOptions,
  anchors: readonly TrustAnchor[] = [],
): void => {
  const { audience, trustAnchor, json } = options
  const fresh = audience !== undefined
  const used = anchors.find(({ fingerprint }) => fingerprint === identity.trustAnchor)
  const emulated = used?.emulated === true
  const signer = signerText(trustAnchor, emulated)
  if (json) {
    const fields = ECS_FIELD_NAMES.map((name) => [name, identity[ECS_FIELDS[name]]])
    printJson({
      verified: true,
      freshness_checked: fresh,
      identity: Object.fromEntries(fields),
      audience: identity.audience,
      unknown_fields: identity.unknownFields,
      trust_anchor: identity.trustAnchor,
      emulated,
      digest: identity.digest,
    })
  } else {
    print(`verified: signed by ${printable(signer)}${fresh ? ', for your audience' : ''}`)
    printMembers(membersOf(identity))
  }
  if (!fresh) say(NO_AUDIENCE)
}

const printRefused = ({ code, message }: InstanceIdentityError, { json }: VerifyOptions): void => {
  const { meaning, remedy } = EXPLANATIONS[code]
  if (json) printJson({ verified: false, code, detail: message, meaning, remedy })
  else print(`refused: ${code} (${message})`, `means: ${meaning}`, `next: ${remedy}`)
  thisRun().exitWith(EXIT.notGood)
}

const verify = async (
  documentPath: string,
  pkcs7Path: string,
  options: VerifyOptions,
): Promise<void> => {
  if (documentPath === '-' && pkcs7Path === '-') {
    throw usageError('only one of DOCUMENT and PKCS7 can come from standard input')
  }
  const { audience, trustAnchor } = options
  if (audience !== undefined && !AUDIENCE_PATTERN.test(audience)) {
    throw usageError('--audience: expected 1 to 64 characters of A-Z, a-z, 0-9, _ and -')
  }
  const anchors = trustAnchor === undefined ? undefined : await readAnchors(trustAnchor)
  const document = await readInput(documentPath, 'DOCUMENT')
  const pkcs7 = pkcs7Of(await readInput(pkcs7Path, 'PKCS7'), pkcs7Path, document)
  try {
    const identity = await verifyInstanceIdentity(
      { pkcs7, document },
      { audience: audience ?? null, ...(anchors !== undefined && { trustAnchors: anchors }) },
    )
    printVerified(identity, options, anchors)
  } catch (error) {
    if (!(error instanceof InstanceIdentityError)) throw error
    printRefused(error, options)
  }
}

/** Adds the subcommand. */
export const addVerify = (program: Command): void => {
  const command = program
    .command('verify')
    .description('Verify an identity document and its signature, offline.')
    .addArgument(fileArgument('<DOCUMENT>', 'the document in a file'))
    .addArgument(fileArgument('<PKCS7>', 'its signature in a file: base64, PEM or DER'))
    .option('--audience <text>', 'the audience that the signature must carry')
    .option(
      '--trust-anchor <file>',
      "PEM certificates to trust in place of Alibaba Cloud's, such as an emulator's",
    )
    .option('--json', 'print one JSON document')
    .allowExcessArguments(false)
    .action(verify)
  addMoreHelp(command, {
    examples: [
      'rollcall verify document.json pkcs7.txt --audience a-nonce-of-mine',
      'rollcall verify document.json - < pkcs7.txt',
      'rollcall verify document.json pkcs7.txt --trust-anchor cloud.pem --json',
    ],
    more: 'The identity is read from the signed bytes alone. Without --audience no freshness is checked.',
    exits: '0 verified, 1 refused (it says by which check), 2 usage',
  })
}
