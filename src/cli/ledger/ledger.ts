// `rollcall ledger`: looks after the store of a service.

import type { Command } from 'commander'
import { addRenewEpoch } from './renew-epoch.ts'

/** Adds the subcommand. */
export const addLedger = (program: Command): void => {
  const ledger = program.command('ledger').description("Look after a service's ledger.")
  addRenewEpoch(ledger)
}
