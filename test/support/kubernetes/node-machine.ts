// The files of a node, on this machine: a mount namespace in which /etc, /run, /usr and /var are copies that are written
// to memory. Programs in it read and write the paths that pages print, and nothing of it stays. The network, the
// processes and the control groups are those of this machine.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import type { Run } from '../command.ts'
import { type RunningProcess, startProcess } from '../processes.ts'
import { requireTool } from '../requirements.ts'

/** kubeadm waits for a kubelet for four minutes, and for its certificate for five. */
const RUN_LIMIT_MS = 600_000

/**
 * The mounts. A kubelet sets parameters of the kernel: here it sets files in their place. Its runtime needs a folder that
 * is not an overlay.
 */
const SETUP = `set -eu
mount -t tmpfs none "$1"
for folder in etc run usr var; do
  mkdir -p "$1/$folder/upper" "$1/$folder/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$1/$folder/upper,workdir=$1/$folder/work" "/$folder"
done
for parameter in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops \\
  kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  mkdir -p "$(dirname "$1/sys/$parameter")"
  cat "/proc/sys/$parameter" > "$1/sys/$parameter"
  mount --bind "$1/sys/$parameter" "/proc/sys/$parameter"
done
for folder in /var/lib/containerd /var/lib/kubelet; do
  mkdir -p "$folder"
  mount -t tmpfs none "$folder"
done
mkdir -p /etc/kubernetes
echo ready
exec sleep infinity`

/** A running one. */
export interface NodeMachine {
  /** Starts a program. */
  start(words: readonly string[], env?: Record<string, string>): RunningProcess
  /** Runs a program to its end. */
  run(words: readonly string[], env?: Record<string, string>): Promise<Run>
  /** Writes a file. @param mode in octal; default: 0644 */
  write(path: string, text: string, mode?: string): void
  /** Reads a file. @returns `undefined` if there is none */
  read(path: string): string | undefined
  close(): Promise<void>
}

/** Makes one. Without the right to mount, the test is skipped with a reason. @param folder an empty one, for its files */
export const startNodeMachine = async (
  context: TestContext,
  folder: string,
): Promise<NodeMachine> => {
  for (const name of ['unshare', 'nsenter'])
    requireTool(context, name, 'apt-get install util-linux')
  if (userInfo().uid !== 0) return context.skip('only root can mount the files of a node')
  const script = join(folder, 'setup.sh')
  writeFileSync(script, SETUP)
  const words = ['--mount', '--propagation', 'private', 'sh', script, join(folder)]
  const holder = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')])
  if (holder.exitCode !== null)
    return context.skip(`the files of a node cannot be mounted: ${said}`)

  const inside = (more: readonly string[]): string[] => [
    `--mount=/proc/${holder.pid}/ns/mnt`,
    '--',
    ...more,
  ]
  const pathOf = (path: string): string => `/proc/${holder.pid}/root${path}`
  return {
    start: (more, env = {}) => startProcess('nsenter', inside(more), env),
    async run(more, env = {}) {
      const { child, output, stop } = startProcess('nsenter', inside(more), env)
      const limit = setTimeout(() => void stop(), RUN_LIMIT_MS)
      await once(child, 'close')
      clearTimeout(limit)
      return { status: child.exitCode, ...output }
    },
    write(path, text, mode = '0644') {
      const copy = 'mkdir -p "${1%/*}" && cat > "$1" && chmod "$2" "$1"'
      execFileSync('nsenter', inside(['sh', '-c', copy, 'sh', path, mode]), { input: text })
    },
    read(path) {
      try {
        return readFileSync(pathOf(path), 'utf8')
      } catch {
        return undefined
      }
    },
    async close() {
      const ended = once(holder, 'close')
      holder.kill('SIGKILL')
      await ended
    },
  }
}
