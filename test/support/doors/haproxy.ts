// HAProxy as a door, with the program that fetches its keys.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { haproxy } from '../../../src/cli/recipe/recipes/haproxy.ts'
import { reservePort } from '../ports.ts'
import { cleanEnvironment, startProcess } from '../processes.ts'
import { type Door, type DoorOptions, placeFiles, recipeFiles } from './door.ts'
import { behindDoor } from './http-door.ts'

/** HAProxy, and its cron job. */
export interface HaproxyDoor extends Door {
  /** Runs what cron runs each minute. @throws Error with what it wrote, if it fails */
  fetchKeys(): Promise<void>
}

const execute = promisify(execFile)
const PYTHON = '/usr/bin/python3'

/** Starts it. */
export const startHaproxy = async (options: DoorOptions, folder: string): Promise<HaproxyDoor> => {
  let fetchKeys: () => Promise<void> = () => Promise.resolve()
  const door = await behindDoor('HAProxy', async (app) => {
    const port = await reservePort()
    const files = recipeFiles(haproxy, options, {
      listen: `127.0.0.1:${port}`,
      upstream: `127.0.0.1:${app.port}`,
      keysFolder: join(folder, 'keys'),
    })
    const placed = placeFiles(files, folder, [
      // TLS to clients is nothing of this recipe's.
      [/ ssl crt .*(?=\n)/, ''],
      ...(options.changes ?? []),
    ])
    const program = placed['rollcall-keys.py'] as string
    const run = async (reload: readonly string[]): Promise<void> =>
      void (await execute(PYTHON, [program, ...reload], {
        env: cleanEnvironment({ SSL_CERT_FILE: options.caFile }),
      }))
    await run([])
    const pid = join(folder, 'pid')
    const args = ['-W', '-db', '-p', pid, '-f', placed['haproxy.cfg'] as string]
    // The signal that systemctl reload sends to the master.
    fetchKeys = () => run(['sh', '-c', `kill -USR2 "$(cat ${pid})"`])
    return { port, process: startProcess('haproxy', args) }
  })
  return { ...door, fetchKeys: () => fetchKeys() }
}
