// `rollcall kubernetes approve`: approves the certificate requests of kubelets whose names and addresses are attested.

import type { Command } from 'commander'
import {
  CLIENT_SIGNER,
  type ClientUsers,
  SERVING_SIGNER,
} from '../../admit/kubernetes/decide-csr.ts'
import { createOperatorClient } from '../../client/index.ts'
import { matchesField } from '../../codec/identity-document.ts'
import { DEFAULT_NODE_NAME_TEMPLATE, parseNodeName } from '../../policy/node-name.ts'
import { usageError } from '../command-error.ts'
import { addMoreHelp } from '../help.ts'
import { optionOrVariable } from '../option-variable.ts'
import { print, printJson, printable } from '../output.ts'
import { loadPrivateKey } from '../private-key.ts'
import { fetchFor } from '../proxy/proxied-fetch.ts'
import { requiredOption } from '../required-option.ts'
import { thisRun } from '../run.ts'
import { say } from '../say.ts'
import { checkServiceAddress } from '../service-address.ts'
import { openApiServer } from './api-server.ts'
import { type ApproverOptions, createApprover } from './approver.ts'
import { type RecordLookup, checkLookup } from './node-records.ts'

interface Options {
  readonly issuer?: string
  readonly apiServer?: string
  readonly serviceAccount?: string
  readonly adminKey?: string
  readonly account?: string
  readonly node: string
  readonly region?: string
  readonly clientUserPrefix?: string
  readonly clientUserGroup?: string
  readonly once?: true
  readonly dryRun?: true
  readonly json?: true
}

/** The name in audit events of the service, if the key has none. */
const OPERATOR = 'kubernetes-approver'

/** A call fails fast: what could not be asked is asked again in the next walk. */
const RECORD_TIMEOUT_SECONDS = 10
const RECORD_RETRIES = 1

const readAccounts = (text: string | undefined): readonly string[] => {
  const accounts = requiredOption(text, '--account', 'give the accounts of the nodes').split(',')
  for (const account of accounts) {
    if (!matchesField('owner-account-id', account)) {
      throw usageError(`--account: ${account} is not an account id like 1234567890123456`)
    }
  }
  return accounts
}

/** How records are found; absent without an operator's key. @throws CommandError */
const readLookup = async (issuer: string, options: Options): Promise<RecordLookup | undefined> => {
  const { adminKey, region } = options
  if (adminKey === undefined || adminKey === '') {
    if (options.account === undefined && region === undefined) return undefined
    throw usageError('--account and --region are for records: give --admin-key FILE as well')
  }
  const template = parseNodeName(options.node)
  if (!template.ok) throw usageError(`--node: ${template.refusal}`)
  if (region !== undefined && !matchesField('region-id', region)) {
    throw usageError(`--region: ${region} is not a region like cn-hangzhou`)
  }
  const lookup = { accounts: readAccounts(options.account), template: template.value, region }
  checkLookup(lookup)
  const key = await loadPrivateKey(
    adminKey,
    '--admin-key',
    '`rollcall admin keygen --scope read` makes one',
  )
  const { signal, timing } = thisRun()
  const client = createOperatorClient({
    issuer,
    key,
    operator: key.name ?? OPERATOR,
    timeoutSeconds: RECORD_TIMEOUT_SECONDS,
    retries: RECORD_RETRIES,
    fetch: await fetchFor(issuer),
    signal,
    timing,
  })
  return { ...lookup, client }
}

/** kubeadm lets this group have a certificate for any node's name without an approver. */
const KUBEADM_GROUP = 'system:bootstrappers:kubeadm:default-node-token'

const readClientUsers = ({
  clientUserPrefix: prefix,
  clientUserGroup: group,
}: Options): ClientUsers | undefined => {
  if (prefix === undefined && group === undefined) return undefined
  if (prefix === undefined || group === undefined || prefix === '' || group === '') {
    throw usageError('--client-user-prefix and --client-user-group belong together; give both')
  }
  if (group === KUBEADM_GROUP) {
    const why = 'kubeadm approves any node name for this group; use a group of your own'
    throw usageError(`--client-user-group: ${why}`)
  }
  return { prefix, group }
}

const DONE = { approve: 'approved', deny: 'denied', leave: 'left pending' } as const
const WOULD = {
  approve: 'would approve',
  deny: 'would deny',
  leave: 'would leave pending',
} as const

const reporter =
  ({ json, dryRun }: Pick<Options, 'json' | 'dryRun'>): ApproverOptions['onDecision'] =>
  (csr, { decision, reason, message }) => {
    const { name, uid, username, signerName } = csr
    if (json) {
      const time = new Date(thisRun().timing.now() * 1000).toISOString()
      const about = { name, uid, username, signer: signerName }
      printJson({ time, decision, reason, message, ...about, dry_run: dryRun === true })
      return
    }
    const done = (dryRun === true ? WOULD : DONE)[decision]
    print(printable(`${done}: ${name} of ${username}: ${reason}: ${message}`))
  }

const approve = async (options: Options): Promise<void> => {
  const typed = requiredOption(options.issuer, '--issuer', 'give the URL of the service')
  const issuer = checkServiceAddress(typed, '--issuer')
  const clientUsers = readClientUsers(options)
  const records = await readLookup(issuer, options)
  const run = thisRun()
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) run.onSignal(name, () => stop.abort())
  const { apiServer, serviceAccount } = options
  const server = await openApiServer({ apiServer, serviceAccount, signal: stop.signal })
  const approver = createApprover({
    server,
    rules: { issuer, clientUsers },
    records,
    dryRun: options.dryRun === true,
    timing: run.timing,
    signal: stop.signal,
    onDecision: reporter(options),
    onFailure: say,
  })
  if (options.once) return approver.once()
  const signers = clientUsers === undefined ? SERVING_SIGNER : `${SERVING_SIGNER}, ${CLIENT_SIGNER}`
  say(`watching the certificate requests of ${server.origin} for ${signers}`)
  await approver.forever()
  say('stopped')
}

const MORE = `A kubelet asks for its serving certificate by a CertificateSigningRequest. Kubernetes leaves the approval to
others. This approver compares the request with what the cloud signed. If the kubelet authenticated to the API server
with a token of rollcall, the API server stored name and address of the node with the request. They count for an hour
after the request was made. After that, and for a kubelet with a client certificate, the record of the instance counts,
for an hour after the enrollment. For
records, give --admin-key with the scope "read", and --account. Then each node needs a record, and a ban stops its
requests at once. Without them, no ban is noticed.

Requests that are wrong in themselves are denied. What is not a node's, or may be right later, is left pending. The
reason is in the condition, and in one line of output.

In a pod it uses the service account. Elsewhere, run kubectl proxy and give --api-server. SIGTERM ends it.

Kubernetes itself approves first client certificates of users named system:node:NAME. If your
AuthenticationConfiguration gives other names, --client-user-prefix and --client-user-group let this approver decide
about those too.`

/** Adds the subcommand. */
export const addApprove = (kubernetes: Command): void => {
  const command = kubernetes
    .command('approve')
    .description('Approve the certificate requests of kubelets that the cloud attests.')
    .addOption(optionOrVariable('--issuer <url>', 'address of the service', 'ROLLCALL_ISSUER'))
    .option('--api-server <url>', 'address of kubectl proxy (default: the cluster of this pod)')
    .option('--service-account <dir>', 'folder with token and ca.crt (default: as in every pod)')
    .addOption(
      optionOrVariable(
        '--admin-key <file>',
        'operator key of the scope "read", for records',
        'ROLLCALL_ADMIN_KEY_FILE',
      ),
    )
    .option('--account <ids>', 'accounts of the nodes, with commas; for records')
    .option(
      '--node <template>',
      'template of the names of nodes; for records',
      DEFAULT_NODE_NAME_TEMPLATE,
    )
    .option('--region <id>', 'region of the nodes, if the template has none; for records')
    .option('--client-user-prefix <text>', 'decide about client certificates of these users too')
    .option('--client-user-group <name>', 'the group that these users must have')
    .option('--once', 'decide about what is pending now, and end')
    .option('--dry-run', 'write nothing; say what it would do')
    .option('--json', 'print one line of JSON for each decision')
    .allowExcessArguments(false)
    .action(approve)
  addMoreHelp(command, {
    examples: [
      'rollcall kubernetes approve --issuer https://rollcall.example',
      'rollcall kubernetes approve --issuer https://rollcall.example --admin-key approver-key.json --account 1234567890123456',
      'kubectl proxy & rollcall kubernetes approve --issuer https://rollcall.example --api-server http://127.0.0.1:8001 --once --dry-run',
    ],
    more: MORE,
    exits:
      '0 done or stopped, 2 usage or configuration, 4 refused by the API server, 5 the API server is not available',
  })
}
