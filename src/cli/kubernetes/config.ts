// `rollcall kubernetes config`: prints the file with which an API server takes tokens of the service for nodes.

import type { Command } from 'commander'
import { addMoreHelp } from '../help.ts'
import { thisRun } from '../run.ts'
import { authenticationConfiguration } from './authentication-configuration.ts'
import { type TypedOptions, readConfigOptions } from './config-options.ts'

const config = async (url: string | undefined, options: TypedOptions): Promise<void> => {
  thisRun().stdout.write(authenticationConfiguration(await readConfigOptions(url, options)))
}

const MORE = `The file is for kube-apiserver --authentication-config=FILE, Kubernetes 1.30 or newer. The API server then
takes a token for the user system:node:NAME in the group system:nodes, and for nobody else. NAME comes from fields
that the cloud signed. Groups are a constant: no claim can make an instance an administrator.

The audience must be of this cluster alone: no other cluster and no other service may share it. The API server
rejects tokens that are bound to a key, have a second audience, live longer than an hour, or are of another role or
account. It does not know EdDSA: sign with ES256 or RS256.

A template for names contains {instance_id}. It gives names of RFC 1123: labels of at most 63 lower-case letters,
digits and "-". Upper-case letters of a field become lower case.`

/** Adds the subcommand. */
export const addKubernetesConfig = (kubernetes: Command): void => {
  const command = kubernetes
    .command('config')
    .description('Print the AuthenticationConfiguration with which instances become nodes.')
    .argument('[ISSUER]', 'the service, https://HOST')
    .option('--audience <name>', 'the audience of this cluster alone')
    .option('--role <names>', 'the roles of nodes, with commas between them')
    .option('--account <ids>', 'the accounts of the instances, with commas between them')
    .option('--node <template>', 'names of nodes (default: {region_id}.{instance_id})')
    .option('--ca <file>', 'PEM certificates that verify the service (default: the system)')
    .option('--api-version <version>', 'v1, or v1beta1 before Kubernetes 1.34 (default: v1)')
    .option('--anonymous-paths <paths>', 'limit anonymous callers to these (default: leave it)')
    .allowExcessArguments(false)
    .action(config)
  addMoreHelp(command, {
    examples: [
      'rollcall kubernetes config https://rollcall.example --audience cluster-1 --role node --account 1234567890',
      'rollcall kubernetes config https://rollcall.example --audience cluster-1 --role node --account 1234567890 --ca ca.pem',
    ],
    more: MORE,
    exits: '0 done, 2 usage',
  })
}
