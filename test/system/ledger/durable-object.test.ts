// The ledger in Durable Objects, in workerd, the objects on disk.

import { describeLedger } from '../../cases/ledger/contract.ts'
import { openWorkerStore } from './hosted-store.ts'

describeLedger('Durable Objects', () => openWorkerStore())
