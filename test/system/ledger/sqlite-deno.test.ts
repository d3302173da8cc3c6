// The ledger in a SQLite file, in Deno: the contract.

import { describeLedger } from '../../cases/ledger/contract.ts'
import { denoHost, openFileStore } from './hosted-store.ts'

describeLedger('a SQLite file, Deno', () => openFileStore(denoHost('sqlite')))
