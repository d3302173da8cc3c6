// `npm run emulator`: `rollcall emulate` in a clone.

import { createRollcall } from './commands.ts'
import { main } from './main.ts'

await main(createRollcall(), 'emulate')
