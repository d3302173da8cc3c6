#!/usr/bin/env node
// The command `rollcall`. Each subcommand stands in a file of its own, which adds it; what only one
// of them needs is loaded when that one runs.

import { Command } from 'commander'
import { readFileSync } from 'node:fs'
import { addAdmin } from './admin/admin.ts'
import { EXIT, redact, reportFailure } from './exit-status.ts'

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { readonly version: string }

// Whoever read our output has gone, as `head` does: there is nobody left to tell.
process.stdout.on('error', () => process.exit(EXIT.incomplete))

const program = new Command('rollcall')
  .description('Zero-trust enrollment for Alibaba Cloud ECS: the commands.')
  .version(version)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(redact(text)) })

addAdmin(program)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = reportFailure(error)
}
