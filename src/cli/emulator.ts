// `npm run emulator`: `rollcall emulate` in a clone.

import { addEmulate } from './emulate.ts'
import { runAlone } from './main.ts'

await runAlone('emulator', (program) => addEmulate(program, 'emulator', 'npm run emulator --'))
