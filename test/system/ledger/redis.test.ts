// The ledger in Redis, against a real server: the contract.

import { describeLedger } from '../../cases/ledger/contract.ts'
import { openRedisServer } from './redis-stores.ts'

describeLedger('Redis', openRedisServer(false))
