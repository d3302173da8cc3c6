// The ledger in Durable Objects, in workerd, the objects on disk.

import { describeLedger } from './contract.ts'
import { openWorkerStore } from './hosted-store.ts'

describeLedger('Durable Objects', () => openWorkerStore())
