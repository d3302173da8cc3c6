// The files that join a node to Kubernetes: the pages print them as they are, they have the fields that kubeadm, the
// kubelet and the API server read, and they agree with one another.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createRollcall } from '../../../src/cli/commands.ts'
import { parsePolicy } from '../../../src/policy/policy.ts'
import { type KubeadmFile, kubeadmProblems } from '../../support/kubernetes/kubeadm-schema.ts'
import { nodeFile, readUserData } from '../../support/kubernetes/node-files.ts'
import { pageFence } from '../../support/page-fences.ts'
import { requireTool } from '../../support/requirements.ts'
import { readProjectFile } from '../../support/sources.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'rollcall-node-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Each file, what it is, and the fence that prints it. */
const FILES: readonly (readonly [file: string, kind: KubeadmFile, page: string, fence: string])[] =
  [
    [
      'cluster-configuration.yaml',
      'clusterConfiguration',
      'kubernetes',
      'yaml cluster-configuration',
    ],
    ['node-kubeconfig.yaml', 'kubeconfig', 'kubernetes', 'yaml node-kubeconfig'],
    ['join-configuration.yaml', 'joinConfiguration', 'kubernetes', 'yaml join-configuration'],
    ['kubeletconfiguration+merge.yaml', 'kubeletPatch', 'kubernetes', 'yaml kubelet-patch'],
    [
      'kubelet-configuration.yaml',
      'kubeletConfiguration',
      'kubernetes-join',
      'yaml kubelet-configuration',
    ],
    ['webhook-kubeconfig.yaml', 'kubeconfig', 'kubernetes-reference', 'yaml webhook-kubeconfig'],
  ]

/** The others, without a schema of kubeadm. */
const OTHERS = [
  ['user-data.yaml', 'kubernetes-join', 'yaml user-data'],
  ['kubelet-with-token.conf', 'kubernetes-join', 'ini kubelet-with-token'],
  ['kubelet-with-certificate.conf', 'kubernetes', 'ini kubelet-with-certificate'],
  ['certificate-policy.yaml', 'kubernetes-bans', 'yaml certificate-policy'],
] as const

/** A file without the comment that it begins with, which the page says in its own words. */
const withoutHead = (text: string): string => text.replace(/^(?:#.*\n)+/, '')

describe('the files that a page prints', () => {
  it.each([...FILES.map(([file, , page, fence]) => [file, page, fence] as const), ...OTHERS])(
    '%s stands on docs/use/%s.md',
    (file, page, fence) => {
      const printed = pageFence(`docs/use/${page}.md`, fence)
      expect([nodeFile(file), withoutHead(nodeFile(file))]).toContain(printed)
    },
  )

  it.each(FILES)('%s has the fields of its kind, %s', (file, kind) => {
    expect(kubeadmProblems(kind, parse(nodeFile(file)))).toEqual([])
  })

  it('the patch for a serving certificate has one line more', () => {
    // Indented: it stands in a step.
    const [, text = ''] =
      /\n {3}```yaml kubelet-patch-with-serving\n([^]*?)\n {3}```\n/.exec(
        readProjectFile('docs/use/kubernetes-approver.md'),
      ) ?? []
    const patch = parse(text)
    expect(kubeadmProblems('kubeletPatch', patch)).toEqual([])
    const own = parse(nodeFile('kubeletconfiguration+merge.yaml')) as object
    expect(patch).toEqual({ ...own, serverTLSBootstrap: true })
  })

  it('would not pass with a field misspelt, misplaced, missing or of another type', () => {
    const changes: readonly (readonly [string, KubeadmFile, string, string])[] = [
      ['cluster-configuration.yaml', 'clusterConfiguration', 'extraVolumes', 'extraVolume'],
      ['cluster-configuration.yaml', 'clusterConfiguration', 'mountPath', 'path'],
      ['cluster-configuration.yaml', 'clusterConfiguration', 'v1beta4', 'v1beta3'],
      ['join-configuration.yaml', 'joinConfiguration', 'kubeConfigPath', 'kubeconfigPath'],
      ['join-configuration.yaml', 'joinConfiguration', 'discovery:', 'discover:'],
      ['node-kubeconfig.yaml', 'kubeconfig', 'client.authentication.k8s.io/v1', 'v1'],
      ['node-kubeconfig.yaml', 'kubeconfig', 'interactiveMode: Never', 'interactive: Never'],
      ['node-kubeconfig.yaml', 'kubeconfig', 'https://cluster.example:6443', 'http://a.example'],
      ['kubelet-configuration.yaml', 'kubeletConfiguration', 'TLSBootstrap', 'TlsBootstrap'],
      ['kubelet-configuration.yaml', 'kubeletConfiguration', 's: false', 's: "false"'],
    ]
    for (const [file, kind, text, changed] of changes) {
      expect(nodeFile(file)).toContain(text)
      const problems = kubeadmProblems(kind, parse(nodeFile(file).replaceAll(text, changed)))
      expect(problems, `${file}: ${changed}`).not.toEqual([])
    }
  })
})

describe('the files for kubeadm', () => {
  it.each(['cluster-configuration.yaml', 'join-configuration.yaml', 'user-data.yaml'])(
    '%s says which version kubeadm 1.30 reads, in its head',
    (file) => {
      const [head = ''] = /^(?:#.*\n)+/.exec(nodeFile(file)) ?? []
      expect(nodeFile(file)).toContain('kubeadm.k8s.io/v1beta4')
      expect(head).toContain('kubeadm 1.30 reads v1beta3')
    },
  )
})

describe('the kubelet that uses tokens alone', () => {
  /**
   * The drop-in of the Kubernetes packages, as far as variables are concerned: what a file sets replaces what any drop-in
   * sets by `Environment=` (systemd.exec), and the packages bring the file of the last one with an empty value.
   */
  const ARGUMENTS = [
    'KUBELET_KUBECONFIG_ARGS',
    'KUBELET_CONFIG_ARGS',
    'KUBELET_KUBEADM_ARGS',
    'KUBELET_EXTRA_ARGS',
  ]
  const FROM_FILES = new Set(['KUBELET_KUBEADM_ARGS', 'KUBELET_EXTRA_ARGS'])
  const set = [...nodeFile('kubelet-with-token.conf').matchAll(/^Environment="(\w+)=(.*)"$/gm)]

  it('sets only variables that the drop-in of the packages reads, and that no file replaces', () => {
    expect(set.length).toBeGreaterThan(0)
    for (const [, name = ''] of set) {
      expect(ARGUMENTS).toContain(name)
      expect(FROM_FILES.has(name), name).toBe(false)
    }
  })

  it('has its kubeconfig and its name, and no bootstrap kubeconfig', () => {
    const flags = set.map(([, , value = '']) => value).join(' ')
    expect(flags.split(' ').toSorted()).toEqual([
      '--hostname-override=NODE_NAME',
      '--kubeconfig=/etc/kubernetes/kubelet.conf',
    ])
  })
})

describe('the user data', () => {
  const texts = new Map(readUserData().files.map(({ path, content }) => [path, content]))
  const written = new Map<string, unknown>(
    [...texts]
      .filter(([path]) => !path.endsWith('.service.d/20-rollcall.conf'))
      .map(([path, text]) => [path, parse(text)]),
  )

  it('is what cloud-init takes', async (context) => {
    const tool = requireTool(context, 'cloud-init', 'apt-get install cloud-init')
    const file = join(folder, 'user-data.yaml')
    writeFileSync(file, nodeFile('user-data.yaml'))
    const { stdout } = await run(tool, ['schema', '--config-file', file])
    expect(stdout).toMatch(/^Valid (?:schema|cloud-config)/m)
  })

  it.each([
    ['/etc/kubernetes/rollcall-node.conf', 'node-kubeconfig.yaml'],
    ['/etc/kubernetes/rollcall-join.yaml', 'join-configuration.yaml'],
    [
      '/etc/kubernetes/rollcall-patches/kubeletconfiguration+merge.yaml',
      'kubeletconfiguration+merge.yaml',
    ],
  ])('writes %s as %s is', (path, file) => {
    expect(written.get(path)).toEqual(parse(nodeFile(file)))
  })

  it('writes the drop-in of the kubelet as kubelet-with-certificate.conf is', () => {
    const settings = (text = ''): string => text.replaceAll(/^#.*\n/gm, '')
    const text = texts.get('/etc/systemd/system/kubelet.service.d/20-rollcall.conf')
    expect(settings(text)).toMatch(/^\[Service\]\nExecStartPre=-.*\n$/)
    expect(settings(text)).toBe(settings(nodeFile('kubelet-with-certificate.conf')))
  })

  it('writes the files that the JoinConfiguration names', () => {
    const join = written.get('/etc/kubernetes/rollcall-join.yaml') as {
      readonly discovery: { readonly file: { readonly kubeConfigPath: string } }
      readonly patches: { readonly directory: string }
    }
    expect([...written.keys()]).toContain(join.discovery.file.kubeConfigPath)
    expect([...written.keys()]).toContain(
      `${join.patches.directory}/kubeletconfiguration+merge.yaml`,
    )
  })
})

describe('the parts agree', () => {
  const policies = [
    ...readProjectFile('docs/use/kubernetes.md').matchAll(/^```json\n([^]*?)^```$/gm),
  ]
    .map(([, text = '']) => text)
    .map((text) => parsePolicy(text.replace('YOUR-ACCOUNT-ID', '1609123456789012')))
  interface User {
    readonly exec: { readonly command: string; readonly args: readonly string[] }
  }
  const [{ user }] = (
    parse(nodeFile('node-kubeconfig.yaml')) as { readonly users: [{ readonly user: User }] }
  ).users
  const option = (name: string): string =>
    user.exec.args.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? ''

  it('the roles have the audience that the kubeconfig asks for', () => {
    expect(policies).toHaveLength(2)
    const [bound, unbound] = policies.map(({ roles }) =>
      roles.find(({ name }) => name === option('role')),
    )
    expect(bound?.exchange.map(({ audience }) => audience)).toEqual([option('resource')])
    expect(bound?.token.audience).not.toContain(option('resource'))
    expect(unbound?.token.audience).toEqual([option('resource')])
  })

  it('the page gives the API server the same audience, role and issuer', () => {
    const page = readProjectFile('docs/use/kubernetes.md').replaceAll(/\\\n\s*/g, '')
    const [line = ''] = /^rollcall kubernetes config https.*$/m.exec(page) ?? []
    expect(line).toContain(`--audience ${option('resource')} `)
    expect(line).toContain(`--role ${option('role')} `)
    expect(user.exec.args).toContain(/config (\S+)/.exec(line)?.[1])
    const { value } = (
      parse(nodeFile('cluster-configuration.yaml')) as {
        readonly apiServer: { readonly extraArgs: [{ readonly value: string }] }
      }
    ).apiServer.extraArgs[0]
    expect(line.endsWith(` --out ${value}`)).toBe(true)
  })

  it('the page says by hand what the user data does', () => {
    const [, byHand = ''] =
      /\n## 3\. The node\n([^]*?)\n## /.exec(readProjectFile('docs/use/kubernetes.md')) ?? []
    const { files, script } = readUserData()
    const commands = script.trim().split('\n')
    const paths = files.map(({ path }) => path)
    expect(paths).toHaveLength(4)
    for (const path of paths) expect(byHand).toContain(`### \`${path}\``)
    const [folders, join] = ['install -d ', 'kubeadm join '].map((begin) =>
      commands.filter((line) => line.startsWith(begin)),
    ) as [string[], string[]]
    // kubeadm deletes the kubeconfig after the join, so the last commands put it back.
    const last = commands.slice(-4)
    expect(last[0]).toMatch(/^install -m 0600 .* \/etc\/kubernetes\/bootstrap-kubelet\.conf\.new$/)
    expect([folders.length, join.length]).toEqual([1, 1])
    expect(byHand).toContain(`\n${folders[0]}\n`)
    expect(byHand).toContain(`\n${join[0]}\n${last.join('\n')}\n`)
    // cloud-init makes the folders of the files that it writes; a person does not.
    for (const folder of [
      '/etc/kubernetes/rollcall-patches',
      '/etc/systemd/system/kubelet.service.d',
    ]) {
      expect(byHand).toContain(`\ninstall -d ${folder}\n`)
    }
  })

  it('the page of the approver first takes the right to any name from bootstrap tokens', () => {
    const page = readProjectFile('docs/use/kubernetes-approver.md')
    const commands = [...page.matchAll(/^ *```sh\n([^]*?)^ *```$/gm)].map(([, text = '']) =>
      text.trim(),
    )
    expect(commands[0]).toBe('kubectl delete clusterrolebinding kubeadm:node-autoapprove-bootstrap')
    expect(commands.join('\n')).toContain('rollcall kubernetes approve')
  })

  it('the page says what a short signing duration does before the command that sets it', () => {
    const page = readProjectFile('docs/use/kubernetes.md')
    const at = [
      '](kubernetes-bans.md#control-plane-machines)',
      'cluster-signing-duration\n',
      'kubeadm init phase',
    ]
    const places = at.map((text) => page.indexOf(text))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  it('the plugin of the kubeconfig is a subcommand with these options', () => {
    const [group, name] = user.exec.args
    const command = createRollcall()
      .commands.find((it) => it.name() === group)
      ?.commands.find((it) => it.name() === name)
    const long = command?.options.map((it) => it.long)
    const used = user.exec.args.filter((word) => word.startsWith('--'))
    expect(used.length).toBeGreaterThan(2)
    for (const word of used) expect(long).toContain(word.split('=')[0])
  })
})
