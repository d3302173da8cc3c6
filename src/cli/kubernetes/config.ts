// `rollcall kubernetes config`: prints or writes the file with which an API server takes tokens of the service for nodes, or
// checks a cluster.

import type { Command } from 'commander'
import { usageError } from '../command-error.ts'
import { addMoreHelp } from '../help.ts'
import { requireFile } from '../named-file.ts'
import { requireReplaceable } from '../replaceable.ts'
import { thisRun } from '../run.ts'
import { say } from '../say.ts'
import { cannotWrite, replaceReadable } from '../secret-file.ts'
import { authenticationConfiguration } from './authentication-configuration.ts'
import { type CheckOptions, checkCluster } from './check.ts'
import { type TypedOptions, readConfigOptions } from './config-options.ts'
import { isAuthenticationConfiguration } from './old-configuration.ts'

interface Options extends TypedOptions, CheckOptions {
  readonly check?: true
  readonly out?: string
}

/** The options of each of the two jobs, as they are typed. */
const PRINT_OPTIONS =
  '--audience --role --account --node --ca --api-version --anonymous-paths --out'
const CHECK_OPTIONS = '--mode --kubectl --context --json'

/** @throws CommandError */
const write = (path: string, text: string): void => {
  requireFile(path, '--out')
  requireReplaceable(path, '--out', {
    what: 'an AuthenticationConfiguration',
    isThat: (old, isWhole) => isWhole && isAuthenticationConfiguration(old),
  })
  try {
    replaceReadable(path, text)
  } catch (error) {
    throw cannotWrite(error, path, '--out')
  }
  say(`wrote ${path}`)
}

const config = async (
  url: string | undefined,
  { check, ...options }: Options,
  command: Command,
): Promise<void> => {
  const foreign = (check ? PRINT_OPTIONS : CHECK_OPTIONS).split(' ')
  const wrong = command.options.find(
    (option) =>
      foreign.includes(option.long ?? '') && options[option.attributeName() as keyof object],
  )
  if (wrong !== undefined) {
    throw usageError(check ? `--check does not take ${wrong.long}` : `${wrong.long} needs --check`)
  }
  if (check) {
    if (url !== undefined) throw usageError('--check does not take ISSUER')
    return checkCluster(options)
  }
  const text = authenticationConfiguration(await readConfigOptions(url, options))
  if (options.out === undefined) thisRun().stdout.write(text)
  else write(options.out, text)
}

const MORE = `The file is for kube-apiserver --authentication-config=FILE, Kubernetes 1.30 or newer. The API server then
takes a token for the user system:node:NAME in the group system:nodes, and for nobody else. NAME comes from fields
that the cloud signed. Groups are a constant: no claim can make an instance an administrator.

Write a file that is in use with --out, not with ">": a shell empties the file before the command runs, so an error
leaves it empty. With --out, an error leaves the old file as it is.

The audience must be of this cluster alone: no other cluster and no other service may share it. The API server
rejects tokens that are bound to a key, have a second audience, live longer than an hour, or are of another role or
account. It does not know EdDSA: sign with ES256 or RS256.

A template for names contains {instance_id}. It gives names of RFC 1123: labels of at most 63 lower-case letters,
digits and "-". Upper-case letters of a field become lower case.

--check prints no file. It asks the cluster by kubectl, reads only, and prints one line for each thing: "ok", "bad" or
"unknown", with what to do. Mode b: a kubelet shows a token once and then has certificates. Mode a: it shows tokens all
the time, and no certificates are approved. Flags are visible only where the control plane runs as pods.`

/** Adds the subcommand. */
export const addKubernetesConfig = (kubernetes: Command): void => {
  const command = kubernetes
    .command('config')
    .description('Print the AuthenticationConfiguration for nodes, or check a cluster.')
    .argument('[ISSUER]', 'the service, https://HOST')
    .option('--audience <name>', 'the audience of this cluster alone')
    .option('--role <names>', 'the roles of nodes, with commas between them')
    .option('--account <ids>', 'the accounts of the instances, with commas between them')
    .option('--node <template>', 'names of nodes (default: {region_id}.{instance_id})')
    .option('--ca <file>', 'PEM certificates that verify the service (default: the system)')
    .option('--api-version <version>', 'v1, or v1beta1 before Kubernetes 1.34 (default: v1)')
    .option('--anonymous-paths <paths>', 'limit anonymous callers to these (default: leave it)')
    .option('--out <file>', 'write the file there at once, and print nothing (default: print it)')
    .option('--check', 'check a cluster by kubectl, and print no file')
    .option('--mode <mode>', 'how kubelets authenticate, a or b (with --check; default: b)')
    .option('--kubectl <path>', 'the kubectl to run (with --check; default: kubectl)')
    .option(
      '--context <name>',
      'the context of the kubeconfig (with --check; default: the current)',
    )
    .option('--json', 'print one JSON document (with --check)')
    .allowExcessArguments(false)
    .action(config)
  addMoreHelp(command, {
    examples: [
      'rollcall kubernetes config https://rollcall.example --audience cluster-1 --role node --account 1234567890',
      'rollcall kubernetes config https://rollcall.example --audience cluster-1 --role node --account 1234567890 --out /etc/kubernetes/rollcall/authentication.yaml',
      'rollcall kubernetes config https://rollcall.example --audience cluster-1 --role node --account 1234567890 --ca ca.pem',
      'rollcall kubernetes config --check',
      'rollcall kubernetes config --check --mode a --context my-cluster --json',
    ],
    more: MORE,
    exits: '0 done, 1 the check found something bad, 2 usage or configuration, 5 kubectl failed',
  })
}
