// The program `rollcall` with all its subcommands. Each has a file or folder that adds it. Code
// that only one subcommand needs is loaded when that subcommand runs.

import type { Command } from 'commander'
import { addAdmin } from './admin/admin.ts'
import { addCompletion } from './completion/completion.ts'
import { addDoctor } from './doctor/doctor.ts'
import { addEmulate } from './emulate.ts'
import { addEnroll } from './enroll/enroll.ts'
import { addExchange } from './exchange/exchange.ts'
import { addInspect } from './inspect/inspect.ts'
import { wrapped } from './help.ts'
import { addKeygen } from './keygen/keygen.ts'
import { addKubernetes } from './kubernetes/kubernetes.ts'
import { addLedger } from './ledger/ledger.ts'
import { addMetadata } from './metadata/metadata.ts'
import { addPolicy } from './policy/check.ts'
import { addProbe } from './probe/probe.ts'
import { createProgram } from './program.ts'
import { addRecipe } from './recipe/recipe.ts'
import { addServe } from './serve/serve.ts'
import { addToken } from './token/token.ts'
import { addVerify } from './verify/verify.ts'
import { addVersion } from './version.ts'

const ADDERS = [
  addServe,
  addEnroll,
  addExchange,
  addDoctor,
  addMetadata,
  addVerify,
  addInspect,
  addToken,
  addEmulate,
  addKeygen,
  addPolicy,
  addKubernetes,
  addRecipe,
  addProbe,
  addAdmin,
  addLedger,
  addVersion,
  addCompletion,
]

/** Creates the program. A program keeps the options of its run, so each run needs a new one. */
export const createRollcall = (): Command => {
  const program = createProgram('rollcall').description(
    'Zero-trust enrollment for Alibaba Cloud ECS: the commands.',
  )
  for (const add of ADDERS) add(program)
  // Help texts and messages name the installed command.
  program.addHelpText('after', () =>
    wrapped(
      '\nIn a clone of the project, write `npm run --silent rollcall --` for `rollcall`.',
      program,
    ),
  )
  return program
}
