// `npm run keygen`: `rollcall keygen` in a clone.

import { addKeygen } from './keygen/keygen.ts'
import { runAlone } from './main.ts'

await runAlone('keygen', (program) =>
  addKeygen(program, 'npm run keygen --', 'npm run --silent keygen --'),
)
