// Doors that stand in front of an app and speak HTTP.

import { type RunningProcess, waitUntil } from '../processes.ts'
import { type Door, outputOf, showBearer, startApp } from './door.ts'

const READY_SECONDS = 30

/** A program that was started. */
interface Started {
  readonly port: number
  readonly process: RunningProcess
  /** What it has written elsewhere. */
  readonly log?: () => string
  /** What has to end with it. */
  readonly close?: () => Promise<void>
}

/**
 * Starts an app, and a door in front of it, and waits until the door answers.
 * @throws Error with all that the door has written, if it does not answer within 30 seconds
 */
export const behindDoor = async (
  name: string,
  start: (app: { readonly port: number }) => Promise<Started>,
): Promise<Door> => {
  const app = await startApp()
  const { port, process, log = () => '', close } = await start(app)
  const said = (): string => outputOf(process) + log()
  const stop = async (): Promise<void> => {
    await process.stop()
    await app.close()
    await close?.()
  }
  const url = `http://127.0.0.1:${port}/`
  try {
    await waitUntil(async () => ((await fetch(url).catch(() => undefined))?.status ?? 500) < 500, {
      seconds: READY_SECONDS,
      what: `${name} ready`,
      alive: () => process.child.exitCode === null,
    })
  } catch (cause) {
    const written = said()
    await stop()
    throw new Error(`${String(cause)}\n${written}`, { cause })
  }
  return { url, tokenIn: showBearer(url), seen: app.seen, said, stop }
}
