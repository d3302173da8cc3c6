// The ledger in Redis by TLS, against a real server: the contract.

import { describeLedger } from '../../cases/ledger/contract.ts'
import { openRedisServer } from './redis-stores.ts'

describeLedger('Redis, by TLS', openRedisServer(true))
