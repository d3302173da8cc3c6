#!/usr/bin/env node
// The command `rollcall`.

import { createRollcall } from './commands.ts'
import { main } from './main.ts'

// Not awaited: the stand-alone bundle is CommonJS, which has no top-level `await`.
void main(createRollcall())
