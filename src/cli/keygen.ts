// `npm run keygen`: `rollcall keygen` in a clone.

import { createRollcall } from './commands.ts'
import { main } from './main.ts'

await main(createRollcall(), 'keygen')
