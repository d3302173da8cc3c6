#!/usr/bin/env node
// The command `rollcall`. Each subcommand stands in a file or folder of its own, which adds it; what
// only one of them needs is loaded when that one runs.

import { addAdmin } from './admin/admin.ts'
import { addDoctor } from './doctor/doctor.ts'
import { addEmulate } from './emulate.ts'
import { addEnroll } from './enroll/enroll.ts'
import { addInspect } from './inspect/inspect.ts'
import { addKeygen } from './keygen/keygen.ts'
import { addLedger } from './ledger/ledger.ts'
import { addMetadata } from './metadata/metadata.ts'
import { addPolicy } from './policy/check.ts'
import { createProgram, runProgram } from './program.ts'
import { addVerify } from './verify/verify.ts'
import { commandVersion } from './version.ts'

const program = createProgram('rollcall')
  .description('Zero-trust enrollment for Alibaba Cloud ECS: the commands.')
  .version(commandVersion())

addEnroll(program)
addDoctor(program)
addMetadata(program)
addVerify(program)
addInspect(program)
addEmulate(program)
addKeygen(program)
addPolicy(program)
addAdmin(program)
addLedger(program)

// Not awaited: the bundle that stands alone is CommonJS, which has no `await` out here.
void runProgram(program, process.argv.slice(2))
