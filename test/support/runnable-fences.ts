// What the documentation tells people to run. Fences of pages that open with `sh runnable` run as they are printed,
// ports apart, one after the other in one shell, as somebody pastes them into one terminal. The examples of
// docstrings are found here too.

import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cleanEnvironment } from './processes.ts'
import { findTool } from './requirements.ts'
import { ROOT, keptFiles } from './sources.ts'

const STOP_SECONDS = 5

/** A fence. */
export interface Fence {
  /** Where it opens, from 1. */
  readonly line: number
  readonly script: string
}

/** The runnable fences of a Markdown text, also in lists. */
export const runnableFences = (markdown: string): Fence[] =>
  [...markdown.matchAll(/^( *)```sh runnable\n([^]*?)^\1```$/gm)].map(
    ({ 1: indent = '', 2: script = '', index }) => ({
      line: markdown.slice(0, index).split('\n').length,
      script: script.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  )

/** The ports that pages print,. */
const PRINTED_PORTS = { service: '8787', metadata: '8100' } as const

/** Ports in place of those that pages print. */
export type ChosenPorts = Readonly<Record<keyof typeof PRINTED_PORTS, number>>

/** Fences with other ports than those printed, which another program may use. */
export const withPorts = (fences: readonly Fence[], ports: ChosenPorts): Fence[] =>
  fences.map(({ line, script }) => ({
    line,
    script: script
      .replaceAll(PRINTED_PORTS.service, String(ports.service))
      .replaceAll(PRINTED_PORTS.metadata, String(ports.metadata)),
  }))

/** The TypeScript of every `@example` in the docstrings of a source. */
export const docstringExamples = (source: string): Fence[] =>
  [...source.matchAll(/^( *) \* @example\n\1 \* ```ts\n([^]*?)^\1 \* ```$/gm)].map(
    ({ 2: script = '', index }) => ({
      line: source.slice(0, index).split('\n').length + 1,
      script: script.replaceAll(/^ *\* ?/gm, ''),
    }),
  )

/** Node and its companions, git, curl, and what every Debian has: nothing else is found. */
const TOOLS =
  `node npm npx git curl sh awk base64 basename cat chmod cp cut date dirname env expr find grep head id
  install ls mkdir mktemp mv od printf ps readlink rm sed sha256sum sleep sort stat tail tar tee test touch
  tr true uname uniq wc which xargs`.split(/\s+/)

/** A machine with nothing on it but those tools and the project's files, nothing installed. */
export interface CleanMachine {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  remove(): void
}

/** Makes one. */
export const createCleanMachine = (): CleanMachine => {
  const place = mkdtempSync(join(tmpdir(), 'rollcall-clean-'))
  const [folder, bin] = [join(place, 'rollcall'), join(place, 'bin')]
  for (const path of keptFiles()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    copyFileSync(join(ROOT, path), join(folder, path))
  }
  mkdirSync(bin)
  for (const name of TOOLS) {
    const path = findTool(name)
    if (path !== undefined) symlinkSync(path, join(bin, name))
  }
  return {
    folder,
    env: cleanEnvironment({
      PATH: bin,
      // What has been downloaded once need not be again.
      npm_config_prefer_offline: 'true',
    }),
    remove: () => rmSync(place, { recursive: true, force: true }),
  }
}

/** What came of fences. */
export interface FencesRun {
  readonly status: number | null
  /** The line of the fence that was run last. */
  readonly line: number
  readonly output: string
}

/** Runs fences until one of their commands fails. What is left running is ended. */
export const runFences = async (
  fences: readonly Fence[],
  { folder, env }: CleanMachine,
  limitSeconds: number,
): Promise<FencesRun> => {
  const mark = `-- fence of ${process.pid} at line`
  const script = fences.map(({ line, script: text }) => `printf '%s\\n' '${mark} ${line}'\n${text}`)
  const child = spawn('sh', ['-ec', script.join('\n')], {
    cwd: folder,
    env: { ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  }
  const signalGroup = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-(child.pid as number), signal)
    } catch {
      // All of it has ended.
    }
  }
  const closed = once(child, 'close')
  const limit = setTimeout(() => signalGroup('SIGKILL'), limitSeconds * 1000)
  const [status] = (await once(child, 'exit')) as [number | null]
  clearTimeout(limit)
  signalGroup('SIGTERM')
  const killer = setTimeout(() => signalGroup('SIGKILL'), STOP_SECONDS * 1000)
  await closed
  clearTimeout(killer)
  const line = Number(output.slice(output.lastIndexOf(mark) + mark.length).split('\n', 1)[0])
  return { status, line, output }
}
