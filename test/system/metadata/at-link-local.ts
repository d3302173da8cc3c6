// Runs a command with the emulated metadata service at its real address, 100.100.100.200 port 80. To be
// started in a network namespace of its own, whose loopback interface has that address.
// Arguments: the emulator's options as JSON, then the command.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { startEmulator } from '../../../src/cli/emulator-server.ts'
import type { MetadataEmulatorOptions } from '../../../src/emulator/index.ts'

const LIMIT_MS = 40_000

const [options = '{}', command = '', ...args] = process.argv.slice(2)
const emulator = await startEmulator({
  ...(JSON.parse(options) as MetadataEmulatorOptions),
  host: '100.100.100.200',
  port: 80,
})
const child = spawn(command, args, { stdio: 'inherit', timeout: LIMIT_MS })
const [status] = (await once(child, 'close')) as [number | null]
await emulator.close()
process.exitCode = status ?? 1
