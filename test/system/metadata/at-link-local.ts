// Runs a command with the emulated metadata service at its real address, 100.100.100.200 port 80. To be
// started in a network namespace of its own, whose loopback interface has that address.
// Arguments: the emulator's options as JSON, then the command; `network-later` before it starts it first, and gives
// the interface its address some seconds after.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { startEmulator } from '../../../src/cli/emulator-server.ts'
import type { MetadataEmulatorOptions } from '../../../src/emulator/index.ts'

const LIMIT_MS = 40_000

const ADDRESS = '100.100.100.200'
const NO_NETWORK_MS = 2000

const [options = '{}', ...rest] = process.argv.slice(2)
const isLater = rest[0] === 'network-later'
const [command = '', ...args] = isLater ? rest.slice(1) : rest
const start = () => {
  const emulated = JSON.parse(options) as MetadataEmulatorOptions
  return startEmulator({ ...emulated, host: ADDRESS, port: 80 })
}

const early = isLater ? undefined : await start()
const child = spawn(command, args, { stdio: 'inherit', timeout: LIMIT_MS })
const ended = once(child, 'close') as Promise<[number | null]>
if (isLater) {
  await setTimeout(NO_NETWORK_MS)
  execFileSync('ip', ['link', 'set', 'lo', 'up'])
  execFileSync('ip', ['addr', 'add', `${ADDRESS}/32`, 'dev', 'lo'])
}
const emulator = early ?? (await start())
const [status] = await ended
await emulator.close()
process.exitCode = status ?? 1
