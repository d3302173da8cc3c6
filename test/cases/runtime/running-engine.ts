// Which engine serves a port: found among the running processes, and asked for its version.

import { execFile } from 'node:child_process'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { promisify } from 'node:util'

const LISTENING = '0A'

/** The inodes of the sockets that listen on a port. */
const listeningSockets = (port: number): string[] =>
  ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    readFileSync(table, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => {
        const hex = local.split(':')[1] ?? ''
        return state === LISTENING && Number.parseInt(hex, 16) === port
      })
      .map((columns) => `socket:[${columns[9]}]`),
  )

const openFiles = (pid: string): string[] => {
  try {
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).map((fd) => readlinkSync(`${folder}/${fd}`))
  } catch {
    // It has ended meanwhile.
    return []
  }
}

/**
 * Asks the process that serves a URL what it is.
 * @returns such as `node v24.21.0`; nothing where processes can't be looked at
 */
export const runningEngine = async (url: string): Promise<string | undefined> => {
  try {
    const sockets = listeningSockets(Number(new URL(url).port))
    const pids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))
    const pid = pids.find((one) => openFiles(one).some((file) => sockets.includes(file)))
    if (pid === undefined) return undefined
    const executable = `/proc/${pid}/exe`
    const name = readlinkSync(executable).split('/').at(-1) ?? ''
    const { stdout } = await promisify(execFile)(executable, ['--version'])
    // Deno adds its channel and platform in parentheses.
    const version =
      stdout
        .split('\n')[0]
        ?.replace(name, '')
        .replace(/\(.*\)/, '')
        .trim() ?? ''
    return `${name} ${version}`
  } catch {
    return undefined
  }
}
