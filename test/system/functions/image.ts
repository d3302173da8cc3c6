// The image of the Dockerfile without a container engine: its stages carried out in folders, the last one
// started as a container is, in namespaces of the kernel. Its root is the image's file system and can't
// be written, its process number 1 is what `CMD` says, as `USER`, with nothing of this machine's but what
// the base image would bring: Node and the libraries that it links to.

import { execFile, execFileSync } from 'node:child_process'
import {
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, posix } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'
import {
  type Instruction,
  type Stage,
  contextFilter,
  parseDockerfile,
  parseExecForm,
  parsePairs,
} from '../../support/dockerfile.ts'
import { waitForOutput } from '../../support/output.ts'
import { type RunningProcess, cleanEnvironment, startProcess } from '../../support/processes.ts'
import { findTool } from '../../support/requirements.ts'
import { ROOT, keptFiles, readProjectFile } from '../../support/sources.ts'

const run = promisify(execFile)

/** An image. */
export interface Image {
  /** Where its file system is. */
  readonly root: string
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly command: readonly string[]
  readonly healthCommand: readonly string[]
  readonly stopSignal: NodeJS.Signals
  remove(): void
}

/** What a container is started with. */
export interface ContainerOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Folders of this machine, by the path at which the container has them. */
  readonly volumes?: Readonly<Record<string, string>>
  /** Lines of `/etc/hosts`. */
  readonly hosts?: readonly string[]
  /** In place of the image's. */
  readonly command?: readonly string[]
}

/** Skips the test where the kernel lets nobody make such namespaces. */
export const requireNamespaces = (context: Pick<TestContext, 'skip'>): void => {
  const args = ['--mount', '--pid', '--fork', 'mount', '--bind', '/tmp', '/tmp']
  try {
    if (process.getuid?.() !== 0) throw new Error('not root')
    execFileSync('unshare', args, { stdio: 'ignore', timeout: 10_000 })
  } catch {
    const message = 'only root may start the image by unshare, chroot and mount'
    if (process.env['ROLLCALL_REQUIRE_ALL'] === '1') throw new Error(message)
    context.skip(message)
  }
}

const textsOf = (stage: Stage, name: string): string[] =>
  stage.instructions.filter((it) => it.name === name).map(({ text }) => text)

const lastText = (stage: Stage, name: string): string => {
  const text = textsOf(stage, name).at(-1)
  if (text === undefined) throw new Error(`the image has no ${name}`)
  return text
}

/** Node, and the libraries and the loader that it asks for, where the base image has them. */
const installNode = async (node: string, root: string): Promise<void> => {
  const { stdout } = await run('ldd', [node])
  const libraries = [...stdout.matchAll(/(?:=> )?(\/\S+) \(/g)].map(([, path = '']) => path)
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true })
  copyFileSync(node, join(root, 'usr/local/bin/node'))
  for (const library of libraries) {
    mkdirSync(join(root, dirname(library)), { recursive: true })
    copyFileSync(library, join(root, library))
  }
}

/** Copies as `COPY` does: a folder's contents into a folder, a file into a folder. */
const copy = (from: string, sources: readonly string[], to: string, inFolder: boolean): void => {
  for (const source of sources) {
    const path = join(from, source)
    mkdirSync(inFolder ? to : dirname(to), { recursive: true })
    const isFolder = statSync(path).isDirectory()
    cpSync(path, inFolder && !isFolder ? join(to, basename(path)) : to, { recursive: true })
  }
}

const carryOut = async (
  { name, options, text }: Instruction,
  at: {
    root: string
    workingDirectory: string
    stages: ReadonlyMap<string, string>
    context: string
  },
): Promise<string> => {
  const { root, stages, context } = at
  const here = join(root, at.workingDirectory)
  if (name === 'WORKDIR') {
    mkdirSync(join(root, text), { recursive: true })
    return text
  }
  if (name === 'COPY') {
    const paths = text.split(/\s+/)
    const target = paths.at(-1) ?? ''
    const from = options['from'] === undefined ? context : stages.get(options['from'])
    if (from === undefined) throw new Error(`COPY from an unknown stage: ${text}`)
    const to = join(root, posix.resolve(at.workingDirectory, target))
    copy(from, paths.slice(0, -1), to, target.endsWith('/'))
    const owner = options['chown']?.split(':').map(Number)
    if (owner !== undefined) chownSync(to, owner[0] ?? 0, owner[1] ?? 0)
  } else if (name === 'RUN' && text.startsWith('npm ci')) {
    // What it would install is installed here, by the same lock file.
    symlinkSync(join(ROOT, 'node_modules'), join(here, 'node_modules'))
  } else if (name === 'RUN') {
    await run('sh', ['-ec', text], { cwd: here, env: cleanEnvironment() })
  }
  return at.workingDirectory
}

/** Carries out all stages. @returns the last one, and where its file system is */
const buildStages = async (
  folder: string,
  node: string,
): Promise<{ stage: Stage; root: string }> => {
  const stages = parseDockerfile(readProjectFile('Dockerfile'))
  const context = join(folder, 'context')
  const isSent = contextFilter(readProjectFile('.dockerignore'))
  for (const path of keptFiles().filter(isSent)) {
    mkdirSync(dirname(join(context, path)), { recursive: true })
    copyFileSync(join(ROOT, path), join(context, path))
  }
  const roots = new Map<string, string>()
  for (const [index, stage] of stages.entries()) {
    const root = join(folder, `stage-${index}`)
    mkdirSync(root)
    if (index === stages.length - 1) await installNode(node, root)
    let workingDirectory = '/'
    for (const instruction of stage.instructions) {
      const at = { root, workingDirectory, stages: roots, context }
      workingDirectory = await carryOut(instruction, at)
    }
    roots.set(stage.name ?? String(index), root)
  }
  const [stage, root] = [stages.at(-1), roots.get(String(stages.length - 1))]
  if (stage === undefined || root === undefined) throw new Error('the last stage has a name')
  return { stage, root }
}

/** Builds the image. @param node of the version that the base image has */
export const buildImage = async (node: string): Promise<Image> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-image-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const { stage, root } = await buildStages(folder, node).catch((error: unknown) => {
    remove()
    throw error
  })
  const health = lastText(stage, 'HEALTHCHECK')
  return {
    root,
    env: Object.assign({}, ...textsOf(stage, 'ENV').map(parsePairs)) as Record<string, string>,
    user: lastText(stage, 'USER'),
    command: parseExecForm(lastText(stage, 'CMD')),
    healthCommand: parseExecForm(health.slice(health.indexOf('CMD') + 3)),
    stopSignal: lastText(stage, 'STOPSIGNAL') as NodeJS.Signals,
    remove,
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Starts a container. Its first process is the only child of the process that is returned. */
export const startContainer = (
  image: Image,
  { env = {}, volumes = {}, hosts = [], command = image.command }: ContainerOptions = {},
): RunningProcess => {
  const { root, user } = image
  for (const path of [...Object.keys(volumes), 'etc', 'dev']) {
    mkdirSync(join(root, path), { recursive: true })
  }
  writeFileSync(join(root, 'etc/hosts'), `${['127.0.0.1 localhost', ...hosts].join('\n')}\n`)
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const variables = Object.entries({ PATH: path, ...image.env, ...env })
  const tools = ['env', 'setpriv', 'chroot'].map((name) => findTool(name) ?? name)
  const [envTool = '', setpriv = '', chroot = ''] = tools
  const script = [
    `mount --bind ${quoted(root)} ${quoted(root)}`,
    ...Object.entries(volumes).map(
      ([inside, outside]) => `mount --bind ${quoted(outside)} ${quoted(join(root, inside))}`,
    ),
    `mount -o remount,bind,ro ${quoted(root)}`,
    [
      `exec ${envTool} -i`,
      ...variables.map(([name, value]) => quoted(`${name}=${value}`)),
      `${setpriv} --no-new-privs ${chroot} --userspec=${user} --groups= ${quoted(root)}`,
      ...command.map(quoted),
    ].join(' '),
  ].join(' && ')
  return startProcess('unshare', ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script])
}

/** The process number, on this machine, of what is number 1 in the container. */
export const firstProcess = ({ child }: RunningProcess): number =>
  Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim())

/** Starts a container and waits until it listens; it is added to `running` at once. */
export const startListening = async (
  image: Image,
  options: ContainerOptions & { readonly env: Readonly<Record<string, string>> },
  running: Set<RunningProcess>,
): Promise<RunningProcess> => {
  const container = startContainer(image, options)
  running.add(container)
  const address = `listening on http://0.0.0.0:${options.env['PORT'] ?? image.env['PORT']}`
  await waitForOutput(container, 'stderr', address)
  return container
}
