#!/usr/bin/env node
// The command `rollcall`.

import { createRollcall } from './commands.ts'
import { main } from './main.ts'

// Not awaited: the bundle that stands alone is CommonJS, which has no `await` out here.
void main(createRollcall())
