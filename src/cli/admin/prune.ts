// `rollcall admin prune`: forgets the released instances of an account and region. It reads all
// pages, then shows which instances it would forget. It changes something only with `--yes`.

import type { Command } from 'commander'
import {
  type ForgetResult,
  type LivingInstances,
  type OperatorClient,
  type PrunePlan,
  forgetInstances,
  planPrune,
} from '../../client/index.ts'
import { CommandError, usageError } from '../command-error.ts'
import { EXIT } from '../exit-status.ts'
import { addHelp } from '../help.ts'
import { print, printJson, printTable, timeText } from '../output.ts'
import { startProgress } from '../progress.ts'
import { thisRun } from '../run.ts'
import { say } from '../say.ts'
import { readLivingList } from './living-list.ts'
import {
  type SharedOptions,
  accountArgument,
  addSharedOptions,
  clientOf,
  regionArgument,
} from './options.ts'

/** After how many instances the progress is shown again. */
const TOLD_EVERY = 100

interface PruneOptions extends SharedOptions {
  readonly living: string
  readonly account: string
  readonly region: string
  readonly yes?: true
  readonly noneEnrolled?: true
}

/** A signal that the first SIGINT or SIGTERM sets; the second one ends the process as usual. */
const untilInterrupted = (): AbortSignal => {
  const run = thisRun()
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    run.onSignal(name, () => {
      if (!controller.signal.aborted)
        say('finishing the calls in progress; interrupt again to stop at once')
      controller.abort()
    })
  }
  return controller.signal
}

/** Reads every page. Nothing is changed while it runs. */
const plan = async (
  client: OperatorClient,
  options: PruneOptions,
  list: LivingInstances,
  signal: AbortSignal,
): Promise<PrunePlan> => {
  const { account, region } = options
  const progress = startProgress()
  try {
    return await planPrune(client, options, list, (pages, found) => {
      progress.at(`page ${pages}: ${found} instances of ${account}/${region}`)
      if (signal.aborted) throw new CommandError(EXIT.brokeOff, 'stopped; nothing was changed')
    })
  } finally {
    progress.end()
  }
}

/**
 * If the service knows no instance of the list, it is nearly always the list of another account or
 * region.
 */
const checkOverlap = (
  { living, gone }: PrunePlan,
  { ids }: LivingInstances,
  options: PruneOptions,
) => {
  if (living > 0 || gone.length === 0 || options.noneEnrolled) return
  const { account, region } = options
  const what =
    `no instance of the list (ids: ${ids.size}) has enrolled from ${account}/${region}; ` +
    'is it the list of another account or region?'
  if (options.yes) throw usageError(`${what}\nIf the list is right, add --none-enrolled`)
  say(`warning: ${what}`)
}

const forget = async (
  client: OperatorClient,
  { gone }: PrunePlan,
  options: PruneOptions,
  signal: AbortSignal,
): Promise<ForgetResult> => {
  const progress = startProgress()
  const ids = gone.map(({ instanceId }) => instanceId)
  try {
    return await forgetInstances(client, options, ids, {
      signal,
      onProgress(count) {
        const isDue = count % TOLD_EVERY === 0 || count === ids.length
        if (isDue || thisRun().stderr.isTTY) progress.at(`forgotten ${count} of ${ids.length}`)
      },
    })
  } finally {
    progress.end()
  }
}

const printPlan = ({ gone }: PrunePlan): void =>
  printTable(
    ['INSTANCE', 'FIRST ENROLLED', 'LAST ENROLLED'],
    gone.map((it) => [it.instanceId, timeText(it.firstAt), timeText(it.lastAt)]),
  )

/** Prints the result as JSON: which instances were or would be forgotten, and which were kept. */
const printJsonEnd = (
  { gone, living, newer }: PrunePlan,
  { knowsUntil }: LivingInstances,
  done: ForgetResult | undefined,
  { account, region }: PruneOptions,
): void => {
  const instances = gone.map((it) => ({
    instance_id: it.instanceId,
    first_enrolled_at: it.firstAt,
    last_enrolled_at: it.lastAt,
    outcome: done?.outcomes.get(it.instanceId) ?? 'would_forget',
  }))
  const left = { living, newer_than_list: newer, list_knows_until: knowsUntil }
  printJson({ account, region, dry_run: done === undefined, ...left, instances })
}

/** Prints the same for people. */
const printEnd = (
  { gone, living, newer }: PrunePlan,
  { knowsUntil }: LivingInstances,
  done: ForgetResult | undefined,
): void => {
  print(`kept: ${living} in the list, ${newer} first enrolled after ${timeText(knowsUntil)}`)
  if (done === undefined) {
    print(
      `would forget: ${gone.length}; nothing was changed${gone.length > 0 ? '; add --yes to forget them' : ''}`,
    )
    return
  }
  const count = (wanted: string): number =>
    [...done.outcomes.values()].filter((outcome) => outcome === wanted).length
  const [failed, notTried] = [count('failed'), count('not_tried')]
  const wrong = failed + notTried > 0 ? `, failed: ${failed}, not tried: ${notTried}` : ''
  print(`forgotten: ${count('forgotten')}, already gone: ${count('gone')}${wrong}`)
}

const prune = async (options: PruneOptions): Promise<void> => {
  const list = await readLivingList(options.living, Date.now() / 1000)
  const client = await clientOf(options)
  const signal = untilInterrupted()
  const planned = await plan(client, options, list, signal)
  checkOverlap(planned, list, options)
  if (!options.json) printPlan(planned)
  const done = options.yes && (await forget(client, planned, options, signal))
  if (options.json) printJsonEnd(planned, list, done, options)
  else printEnd(planned, list, done)
  if (done === undefined) return
  for (const { message } of done.failures) say(message)
  const left = [...done.outcomes.values()].filter((it) => it === 'failed' || it === 'not_tried')
  if (left.length > 0) {
    throw new CommandError(
      EXIT.brokeOff,
      `${left.length} are left; run the same command again to continue`,
    )
  }
}

const MORE = `FILE lists the instances that still exist, one id per line; # begins a comment. It must be complete,
and for exactly this account and region: every other instance is forgotten, and its tokens are
revoked. An instance that first enrolled after FILE was written (less five minutes) is kept, because
FILE may not list it. So write FILE afresh; do not touch or copy it. Nothing is changed without
--yes. An interrupted run continues when it is run again. With --json: one document with "instances",
each with an "outcome": would_forget, forgotten, gone (already), failed, not_tried.`

/** Adds the subcommand. */
export const addPrune = (admin: Command): void => {
  const command = admin
    .command('prune')
    .description('Forget released instances: all that are missing from a list of existing ones.')
    .requiredOption('--living <file>', 'file with the ids of all existing instances')
    .requiredOption('--account <id>', 'account of the list', accountArgument)
    .requiredOption('--region <id>', 'region of the list', regionArgument)
    .option('--yes', 'make the changes; without it they are only shown')
    .option('--none-enrolled', 'continue even if no instance of the list has ever enrolled')
  addSharedOptions(command)
  addHelp(
    command,
    [
      'aliyun ecs DescribeInstances --RegionId cn-hangzhou --pager > instances.json &&',
      "  jq -er '.Instances.Instance[].InstanceId' instances.json > living.txt",
      'rollcall admin prune --living living.txt --account 1234567890123456 --region cn-hangzhou',
      'rollcall admin prune --living living.txt --account 1234567890123456 --region cn-hangzhou --yes',
    ],
    MORE,
  )
  command.action(prune)
}
