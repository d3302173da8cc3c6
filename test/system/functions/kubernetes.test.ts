// The Kubernetes manifests: valid by the API's published types, hardened, and such that the image really
// starts with what the Deployment gives it.

import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ingress, NetworkPolicy } from 'kubernetes-types/networking/v1'
import type { ConfigMap, Service } from 'kubernetes-types/core/v1'
import type { Deployment } from 'kubernetes-types/apps/v1'
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1'
import { afterAll, describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { generateSigningKeys } from '../../../src/token/generate.ts'
import { parseSigningKeys } from '../../../src/token/signing-keys.ts'
import { type Manifest, manifestProblems } from '../../support/kubernetes-types.ts'
import { requireNode24 } from '../../support/node24.ts'
import { waitForEnd } from '../../support/output.ts'
import { reservePort } from '../../support/ports.ts'
import { type RunningProcess } from '../../support/processes.ts'
import { requireRedis, startRedisServer } from '../../support/redis-server.ts'
import { readProjectFile } from '../../support/sources.ts'
import { buildImage, requireNamespaces, startContainer, startListening } from './image.ts'

const MANIFEST = 'functions/container/kubernetes.yaml'
const INGRESS = 'functions/container/ingress.yaml'
const PAGE = 'docs/deploy/kubernetes.md'

const manifests = parseAllDocuments(readProjectFile(MANIFEST)).map(
  (document) => document.toJS() as Manifest,
)
const [configMap, deployment, service, budget, network] = manifests as unknown as [
  ConfigMap,
  Deployment,
  Service,
  PodDisruptionBudget,
  NetworkPolicy,
]
const ingress = parse(readProjectFile(INGRESS)) as Ingress
const template = deployment.spec?.template
const pod = template?.spec
const container = pod?.containers[0]
const image = Object.fromEntries(
  [...readProjectFile('Dockerfile').matchAll(/^(USER|EXPOSE) (\S+)$/gm)].map(
    ([, name = '', text = '']) => [name, text],
  ),
)

describe('kubernetes.yaml', () => {
  it('is valid by the published types of the API', () => {
    expect(manifests.map(({ kind }) => kind)).toEqual([
      'ConfigMap',
      'Deployment',
      'Service',
      'PodDisruptionBudget',
      'NetworkPolicy',
    ])
    expect(manifestProblems(manifests)).toEqual(manifests.map(() => []))
  })

  it('would not be valid with anything misspelt, misplaced, missing or of another type', () => {
    const json = JSON.stringify(deployment)
    const changed = [
      ['"readOnlyRootFilesystem":true', '"readonlyRootFilesystem":true'],
      ['"replicas":2,', '"replicas":2,"enableServiceLinks":false,'],
      ['"periodSeconds":5', '"periodSeconds":"5"'],
      ['"name":"rollcall","image"', '"image"'],
      ['"apps/v1"', '"apps/v1beta1"'],
    ].map(([text = '', replacement = '']) => {
      expect(json.split(text)).toHaveLength(2)
      return JSON.parse(json.replace(text, replacement)) as Manifest
    })
    for (const problems of manifestProblems(changed)) expect(problems).not.toEqual([])
  })

  it('selects the same pods everywhere, two of them, of which one always stays', () => {
    const labels = template?.metadata?.labels
    expect(labels).toEqual({ 'app.kubernetes.io/name': 'rollcall' })
    expect([
      deployment.spec?.selector.matchLabels,
      service.spec?.selector,
      budget.spec?.selector?.matchLabels,
      network.spec?.podSelector.matchLabels,
      ...(pod?.topologySpreadConstraints ?? []).map((it) => it.labelSelector?.matchLabels),
    ]).toEqual(Array.from({ length: 6 }, () => labels))
    expect(deployment.spec).toMatchObject({
      replicas: 2,
      strategy: { rollingUpdate: { maxUnavailable: 0 } },
    })
    expect(budget.spec).toMatchObject({ minAvailable: 1 })
  })

  it('gives the pods no rights, and is not root', () => {
    const [user, group] = (image['USER'] ?? '').split(':').map(Number)
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: group,
        fsGroup: group,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    })
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([])
  })

  it('waits longer for the end of a pod than the service takes to stop', () => {
    const [, stopSeconds] =
      /STOP_SECONDS = (\d+)/.exec(readProjectFile('src/node/serve-node.ts')) ?? []
    const [, pauseSeconds] = container?.lifecycle?.preStop?.exec?.command ?? []
    expect(Number(stopSeconds)).toBeGreaterThan(0)
    expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(
      Number(stopSeconds) + Number(pauseSeconds),
    )
  })

  it('lets in the clients of a balancer, which are addresses and not pods', () => {
    expect(network.spec?.ingress?.map(({ from }) => from)).toEqual([undefined])
  })

  it('lets in and asks for health on the port of the image, and lets out to names and the store only', () => {
    const port = Number(image['EXPOSE'])
    expect(container?.ports).toEqual([{ name: 'http', containerPort: port }])
    expect(service.spec?.ports?.[0]?.targetPort).toBe('http')
    for (const probe of [container?.readinessProbe, container?.livenessProbe]) {
      expect(probe?.httpGet).toEqual({ path: '/healthz', port: 'http' })
    }
    expect(network.spec?.policyTypes).toEqual(['Ingress', 'Egress'])
    expect(network.spec?.ingress?.flatMap(({ ports = [] }) => ports)).toEqual([
      { protocol: 'TCP', port },
    ])
    const out = network.spec?.egress?.flatMap(({ ports = [] }) => ports.map((it) => it.port))
    expect(out).toEqual([53, 53, 6379])
  })
})

describe('ingress.yaml', () => {
  it('is valid by the published types of the API, and would not be with anything misplaced', () => {
    const manifest = ingress as Manifest
    const broken = { ...manifest, spec: { ...ingress.spec, tls: ingress.spec?.tls?.[0] } }
    const [problems, others] = manifestProblems([manifest, broken])
    expect(problems).toEqual([])
    expect(others).not.toEqual([])
  })

  it('sends all of one host to the Service, by TLS, to the host of the issuer', () => {
    const { host } = new URL(configMap.data?.['issuer'] ?? '')
    const [port] = service.spec?.ports ?? []
    const backend = { service: { name: service.metadata?.name, port: { name: port?.name } } }
    expect(ingress.spec).toEqual({
      ingressClassName: 'nginx',
      tls: [{ hosts: [host], secretName: 'rollcall-tls' }],
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    })
  })
})

describe('every command of kubectl', () => {
  const files = [MANIFEST, INGRESS, PAGE]
  const lines = files.flatMap((path) => readProjectFile(path).split('\n'))

  it('makes the Secret of the files that the Deployment reads', () => {
    const read = (container?.env ?? [])
      .map(({ value = '' }) => /^\/run\/secrets\/rollcall\/(.*)/.exec(value)?.[1])
      .filter((name) => name !== undefined)
    for (const path of [MANIFEST, PAGE]) {
      // The lines of a command as one; in the manifest it is a comment.
      const joined = readProjectFile(path).replaceAll(/\\\n[ #]*/g, '')
      const commands = joined.split('\n').filter((line) => line.includes('create secret generic'))
      expect(commands.length, path).toBeGreaterThan(0)
      for (const command of commands) {
        const made = [...command.matchAll(/--from-file=(\S+)/g)].map(([, name]) => name)
        expect(made.toSorted(), path).toEqual(read.toSorted())
      }
    }
  })

  it('names the namespace, but the one that makes it', () => {
    const commands = lines.filter((line) => /\bkubectl [a-z-]/.test(line))
    expect(commands.length).toBeGreaterThan(5)
    const without = commands.filter(
      (line) => !/kubectl (?:-n rollcall|create namespace) /.test(line),
    )
    expect(without).toEqual([])
  })
})

describe('the Deployment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-kubernetes-'))
  const running = new Set<RunningProcess>()
  const closers: (() => unknown)[] = []
  afterAll(async () => {
    await Promise.all([...running].map(({ stop }) => stop()))
    for (const close of closers) await close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('starts the image with its variables, its ConfigMap and its Secret, once the placeholders are replaced', async (context) => {
    requireRedis(context)
    requireNamespaces(context)
    const of = await buildImage(await requireNode24(context))
    closers.push(of.remove)
    const redis = await startRedisServer()
    closers.push(redis.close)
    const operators = await parseSigningKeys(await generateSigningKeys('ES256'))
    const secret: Record<string, string> = {
      'signing-keys.json': JSON.stringify(await generateSigningKeys('ES256')),
      'admin-keys.json': JSON.stringify(operators.jwks),
      'ledger-url': redis.url,
    }
    const volumes = Object.fromEntries(
      (container?.volumeMounts ?? []).map(({ name, mountPath }) => {
        const volume = pod?.volumes?.find((it) => it.name === name)
        const files = volume?.secret === undefined ? configMap.data : secret
        const path = join(folder, name)
        mkdirSync(path)
        for (const [file, text] of Object.entries(files ?? {})) {
          writeFileSync(join(path, file), text, { mode: volume?.secret?.defaultMode ?? 0o644 })
          chownSync(join(path, file), 0, pod?.securityContext?.fsGroup ?? 0)
        }
        return [mountPath, path]
      }),
    )
    const port = await reservePort()
    const sample = Object.fromEntries([
      ...(container?.env ?? []).map(({ name, value, valueFrom }) => [
        name,
        value ?? configMap.data?.[valueFrom?.configMapKeyRef?.key ?? ''] ?? '',
      ]),
      ['PORT', String(port)],
    ]) as Record<string, string>
    const refused = startContainer(of, { env: sample, volumes })
    running.add(refused)
    expect(await waitForEnd(refused)).toBe(2)
    expect(refused.output.stderr).toContain(
      `ROLLCALL_ISSUER: "${configMap.data?.['issuer']}" is a placeholder; set the URL`,
    )
    expect(refused.output.stderr).toContain('expected the digits of an account id')

    const policy = configMap.data?.['policy.json'] ?? ''
    writeFileSync(join(folder, 'policy/policy.json'), policy.replace('YOUR-ACCOUNT-ID', '1'))

    const env = { ...sample, ROLLCALL_ISSUER: 'https://rollcall.test' }
    const started = await startListening(of, { env, volumes }, running)
    expect(started.output.stderr).toContain('as https://rollcall.test')
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
    // 404 is the answer of a service without operators.
    expect((await fetch(`http://127.0.0.1:${port}/v1/admin/instances`)).status).toBe(401)

    // What Kubernetes would add, were it not told otherwise.
    expect(pod?.enableServiceLinks).toBe(false)
    const links = { ROLLCALL_SERVICE_HOST: '10.0.0.1', ROLLCALL_PORT: 'tcp://10.0.0.1:80' }
    const linked = startContainer(of, { env: { ...env, ...links }, volumes })
    running.add(linked)
    expect(await waitForEnd(linked)).toBe(2)
    expect(linked.output.stderr).toContain('add enableServiceLinks: false to the pod')
  })
})
