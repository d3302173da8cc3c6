// What the flags of a control plane mean for nodes, where its pods can be seen: those of kubeadm can, those of a
// managed cluster cannot. What is not visible is unknown. Pure.

import type { ControlPlanePod } from './check-objects.ts'
import type { Finding, Mode } from './check-findings.ts'

/** The longest life of a kubelet's certificate in mode B, in seconds: so long it outlives a ban. */
const MAX_SIGNING_SECONDS = 86_400

/** The default of kube-controller-manager. */
const DEFAULT_SIGNING_DURATION = '8760h0m0s'

/** The value of a flag, `--name=value` or `--name value`; the last one counts. */
const flagOf = ({ words }: ControlPlanePod, name: string): string | undefined => {
  let value: string | undefined
  for (const [at, word] of words.entries()) {
    if (word.startsWith(`--${name}=`)) value = word.slice(name.length + 3)
    else if (word === `--${name}`) {
      const next = words[at + 1]
      // A flag without a value is a switch.
      value = next === undefined || next.startsWith('--') ? 'true' : next
    }
  }
  return value
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
}

/** A duration of Go, such as `24h0m0s`, in seconds; `undefined` if it is not one. */
const seconds = (text: string): number | undefined => {
  if (!/^(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|h|m|s))+$/.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|h|m|s)/g)) {
    sum += Number(amount) * (UNIT_SECONDS[unit ?? ''] ?? 0)
  }
  return sum
}

type Outcome = Omit<Finding, 'name'>

const signing = (pod: ControlPlanePod): Outcome => {
  const written = flagOf(pod, 'cluster-signing-duration')
  const duration = seconds(written ?? DEFAULT_SIGNING_DURATION)
  const detail = `--cluster-signing-duration is ${written ?? `${DEFAULT_SIGNING_DURATION}, the default`}`
  if (duration === undefined) return { state: 'unknown', detail }
  return duration <= MAX_SIGNING_SECONDS
    ? { state: 'ok', detail }
    : {
        state: 'bad',
        detail,
        remedy:
          'a banned node keeps its certificate so long; set 24h, but first prepare the control plane (docs/use/kubernetes-bans.md)',
      }
}

const authentication = (pod: ControlPlanePod): Outcome => {
  const file = flagOf(pod, 'authentication-config')
  if (file !== undefined) {
    return {
      state: 'ok',
      detail: `--authentication-config is ${file}; this check cannot read the file`,
    }
  }
  const remedy = 'write the file with rollcall kubernetes config --out, and name it there'
  return flagOf(pod, 'oidc-issuer-url') === undefined
    ? { state: 'bad', detail: '--authentication-config is not set', remedy }
    : {
        state: 'bad',
        detail: '--oidc-issuer-url is set, and --authentication-config is not',
        remedy: 'move the issuer to the file; both together are refused',
      }
}

const authorizer = (pod: ControlPlanePod): Outcome => {
  const modes = flagOf(pod, 'authorization-mode')
  if (modes === undefined && flagOf(pod, 'authorization-config') !== undefined) {
    return {
      state: 'unknown',
      detail: '--authorization-config names a file, which this check cannot read',
      remedy: 'check that it has the types Node and RBAC',
    }
  }
  const detail = `--authorization-mode is ${modes ?? 'AlwaysAllow, the default'}`
  const names = (modes ?? 'AlwaysAllow').split(',')
  return names.includes('Node') && !names.includes('AlwaysAllow')
    ? { state: 'ok', detail }
    : { state: 'bad', detail, remedy: 'set Node,RBAC' }
}

const restriction = (pod: ControlPlanePod): Outcome => {
  const named = (flag: string): boolean =>
    (flagOf(pod, flag) ?? '').split(',').includes('NodeRestriction')
  return named('enable-admission-plugins') && !named('disable-admission-plugins')
    ? { state: 'ok', detail: 'the plug-in is on' }
    : {
        state: 'bad',
        detail: 'the plug-in is off, so a node can change other nodes',
        remedy: 'add NodeRestriction to --enable-admission-plugins',
      }
}

const anonymous = (pod: ControlPlanePod): Outcome => {
  const flag = flagOf(pod, 'anonymous-auth')
  if (flag === 'false') return { state: 'ok', detail: '--anonymous-auth is false' }
  if (flag === undefined && flagOf(pod, 'authentication-config') !== undefined) {
    return {
      state: 'unknown',
      detail: '--anonymous-auth is not set; the file of --authentication-config may limit it',
      remedy: 'check that the file has an anonymous section with the paths of probes only',
    }
  }
  return {
    state: 'bad',
    detail: `--anonymous-auth is ${flag ?? 'true, the default'}`,
    remedy: 'remove the flag and print the file with --anonymous-paths, or set it to false',
  }
}

interface Check {
  readonly name: string
  readonly component: string
  readonly look: (pod: ControlPlanePod) => Outcome
}

const CHECKS: readonly Check[] = [
  { name: 'authentication config', component: 'kube-apiserver', look: authentication },
  { name: 'Node authorizer', component: 'kube-apiserver', look: authorizer },
  { name: 'NodeRestriction', component: 'kube-apiserver', look: restriction },
  { name: 'anonymous access', component: 'kube-apiserver', look: anonymous },
]

const SIGNING: Check = {
  name: 'signing duration',
  component: 'kube-controller-manager',
  look: signing,
}

/**
 * What the flags mean. Each pod of a component is looked at, because the copies of a control plane can differ.
 * @param pods absent if they cannot be listed
 */
export const controlPlaneFindings = (
  mode: Mode,
  pods: readonly ControlPlanePod[] | undefined,
): readonly Finding[] =>
  [...CHECKS, ...(mode === 'b' ? [SIGNING] : [])].flatMap(
    ({ name, component, look }): Finding[] => {
      const found = (pods ?? []).filter((pod) => pod.component === component)
      if (found.length === 0) {
        const detail = `the pods of ${component} cannot be seen`
        return [{ state: 'unknown', name, detail, remedy: 'ask who runs the control plane' }]
      }
      const outcomes = found.map((pod) => ({ pod, outcome: look(pod) }))
      const texts = new Set(outcomes.map(({ outcome }) => JSON.stringify(outcome)))
      return (texts.size === 1 ? outcomes.slice(0, 1) : outcomes).map(({ pod, outcome }) => ({
        ...outcome,
        name,
        detail: texts.size === 1 ? outcome.detail : `${pod.name}: ${outcome.detail}`,
      }))
    },
  )

/** Whether the server can read an AuthenticationConfiguration. @param version such as `v1.35.2` */
export const versionFinding = (version: string): Finding => {
  const name = 'server version'
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  if (major === undefined) {
    return { state: 'unknown', name, detail: 'the server does not say its version' }
  }
  const isNew = Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 30)
  return isNew
    ? { state: 'ok', name, detail: version }
    : {
        state: 'bad',
        name,
        detail: `${version} reads no AuthenticationConfiguration`,
        remedy: 'upgrade to 1.30, or use the TokenReview webhook of the service',
      }
}
