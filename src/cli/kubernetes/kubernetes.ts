// `rollcall kubernetes`: instances as nodes of a Kubernetes cluster. Each subcommand has a file that adds it.

import type { Command } from 'commander'
import { addMoreHelp } from '../help.ts'
import { addApprove } from './approve.ts'
import { addKubernetesConfig } from './config.ts'
import { addKubernetesCredential } from './credential.ts'

/** Adds the subcommand. */
export const addKubernetes = (program: Command): void => {
  const kubernetes = program
    .command('kubernetes')
    .description('Let instances join a Kubernetes cluster as the nodes that the cloud attests.')
  addMoreHelp(kubernetes, {
    examples: ['rollcall kubernetes COMMAND --help'],
    exits:
      '0 done, 1 the check found a fault, 2 usage or configuration, 3 metadata service, 4 refused, ' +
      '5 rollcall, the API server or kubectl unavailable',
  })
  addKubernetesConfig(kubernetes)
  addKubernetesCredential(kubernetes)
  addApprove(kubernetes)
}
