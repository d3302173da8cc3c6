// `rollcall admin prune`: forgets the instances of an account and region that were released. First all
// pages are read, then what would go is shown, and only with `--yes` is anything changed.

import type { Command } from 'commander'
import { CommandError, EXIT, say, usageError } from '../exit-status.ts'
import { addHelp } from '../help.ts'
import { startProgress } from '../progress.ts'
import { thisRun } from '../run.ts'
import { readInstancePage } from './answers.ts'
import type { AdminClient } from './client.ts'
import { forgetAll } from './forget-all.ts'
import { type LivingList, readLivingList } from './living-list.ts'
import { accountArgument, regionArgument } from './names.ts'
import { type SharedOptions, addSharedOptions, clientOf } from './options.ts'
import { DEFAULT_LIMIT, pagesOf } from './pages.ts'
import { type Candidate, type PrunePlan, createCandidates, planPrune } from './prune-plan.ts'
import { type Pruned, printPlan, printPruned } from './prune-report.ts'

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
      if (!controller.signal.aborted) say('finishing what was begun; once more to stop at once')
      controller.abort()
    })
  }
  return controller.signal
}

/** Reads every page. Nothing is changed while it runs. */
const collect = async (
  client: AdminClient,
  { account, region }: PruneOptions,
  signal: AbortSignal,
): Promise<readonly Candidate[]> => {
  const candidates = createCandidates(account, region)
  const progress = startProgress()
  const limit = DEFAULT_LIMIT
  let pages = 0
  try {
    for await (const { items } of pagesOf(client, 'list', readInstancePage, { limit })) {
      candidates.add(items)
      progress.at(`page ${++pages}: ${candidates.all().length} instances of ${account}/${region}`)
      if (signal.aborted) throw new CommandError(EXIT.incomplete, 'stopped; nothing was changed')
    }
  } finally {
    progress.end()
  }
  return candidates.all()
}

/** A list that names nothing that is known is nearly always the list of something else. */
const checkOverlap = ({ living, gone }: PrunePlan, { ids }: LivingList, options: PruneOptions) => {
  if (living > 0 || gone.length === 0 || options.noneEnrolled) return
  const { account, region } = options
  const what =
    `none of the ${ids.size} instances that the list names has enrolled from ${account}/${region}: ` +
    'is it the list of another account or region?'
  if (options.yes) throw usageError(`${what}\nIf not, say so with --none-enrolled`)
  say(`warning: ${what}`)
}

const forget = async (
  client: AdminClient,
  { gone }: PrunePlan,
  options: PruneOptions,
  signal: AbortSignal,
): Promise<Pruned> => {
  const progress = startProgress()
  const ids = gone.map(({ instanceId }) => instanceId)
  try {
    return await forgetAll(client, options, ids, {
      signal,
      done(count) {
        const isPage = count % DEFAULT_LIMIT === 0 || count === ids.length
        if (isPage || thisRun().stderr.isTTY) progress.at(`forgotten ${count} of ${ids.length}`)
      },
    })
  } finally {
    progress.end()
  }
}

const prune = async (options: PruneOptions): Promise<void> => {
  const list = await readLivingList(options.living, Date.now() / 1000)
  const client = await clientOf(options)
  const signal = untilInterrupted()
  const plan = planPrune(await collect(client, options, signal), list)
  checkOverlap(plan, list, options)
  if (!options.json) printPlan(plan)
  const pruned = options.yes && (await forget(client, plan, options, signal))
  printPruned(plan, list, pruned, options)
  if (pruned === undefined) return
  for (const failure of pruned.failures) say(failure)
  const left = [...pruned.outcomes.values()].filter((it) => it === 'failed' || it === 'not_tried')
  if (left.length > 0) {
    throw new CommandError(EXIT.incomplete, `${left.length} are left; run the same again to go on`)
  }
}

const MORE = `FILE names the instances that live, one id a line; # begins a comment. It must be complete,
and of this very account and region: what it does not name is forgotten, and its tokens are
revoked. Left alone is what enrolled first after FILE was written (less five minutes), since
FILE can't know it: so write FILE anew, don't touch or copy it. Nothing is changed without
--yes. Interrupted, it goes on when it is run again. With --json: one document with "instances",
each with an "outcome": would_forget, forgotten, gone (already), failed, not_tried.`

/** Adds the subcommand. */
export const addPrune = (admin: Command): void => {
  const command = admin
    .command('prune')
    .description('Forget the instances that were released, by a list of those that live.')
    .requiredOption('--living <file>', 'ids of the instances that live')
    .requiredOption('--account <id>', 'account that the list is of', accountArgument)
    .requiredOption('--region <id>', 'region that the list is of', regionArgument)
    .option('--yes', 'do it; otherwise it is only shown')
    .option('--none-enrolled', 'go on although no instance of the list has ever enrolled')
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
