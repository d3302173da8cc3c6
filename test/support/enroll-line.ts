// The line by which an emulated instance enrolls, as `rollcall serve --dev` and `npm run dev` print it.

import { execFileSync } from 'node:child_process'
import { waitForOutput } from './output.ts'
import type { RunningProcess } from './processes.ts'

const LINE = /^curl .*(?=\n)/m

/** Waits for the line. */
export const enrollLineOf = async (running: RunningProcess): Promise<string> =>
  LINE.exec(await waitForOutput(running, 'stderr', LINE))?.[0] as string

/** Runs the line with sh, in a folder. */
export const enrollBy = (line: string, folder: string) => ({
  token: execFileSync('sh', ['-c', line], { cwd: folder, encoding: 'utf8', stdio: 'pipe' }),
  metadataUrl: /ROLLCALL_METADATA_URL=(\S+)/.exec(line)?.[1] as string,
})
