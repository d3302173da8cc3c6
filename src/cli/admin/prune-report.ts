// What `rollcall admin prune` tells of what would go, and of what went.

import { print, printJson, printTable, timeText } from '../output.ts'
import type { ForgetOutcome, ForgetResult } from './forget-all.ts'
import type { LivingList } from './living-list.ts'
import type { PrunePlan } from './prune-plan.ts'

/** What came of forgetting. */
export type Pruned = ForgetResult

/** Shows what would go. */
export const printPlan = ({ gone }: PrunePlan): void =>
  printTable(
    ['INSTANCE', 'FIRST ENROLLED', 'LAST ENROLLED'],
    gone.map((it) => [it.instanceId, timeText(it.firstAt), timeText(it.lastAt)]),
  )

const countOf = (pruned: Pruned, wanted: ForgetOutcome): number =>
  [...pruned.outcomes.values()].filter((outcome) => outcome === wanted).length

/** Tells the end: what was or would be forgotten, and what was left alone. */
export const printPruned = (
  { gone, living, newer }: PrunePlan,
  { knowsUntil }: LivingList,
  pruned: Pruned | undefined,
  { account, region, json }: { account: string; region: string; json?: true },
): void => {
  if (json) {
    const instances = gone.map((it) => ({
      instance_id: it.instanceId,
      first_enrolled_at: it.firstAt,
      last_enrolled_at: it.lastAt,
      outcome: pruned?.outcomes.get(it.instanceId) ?? 'would_forget',
    }))
    const left = { living, newer_than_list: newer, list_knows_until: knowsUntil }
    printJson({ account, region, dry_run: pruned === undefined, ...left, instances })
    return
  }
  print(
    `left alone: ${living} that live, ${newer} that enrolled first after ${timeText(knowsUntil)}`,
  )
  if (pruned === undefined) {
    print(
      `would forget: ${gone.length}; nothing was changed${gone.length > 0 ? ', --yes does it' : ''}`,
    )
    return
  }
  const failed = countOf(pruned, 'failed')
  const notTried = countOf(pruned, 'not_tried')
  const wrong = failed + notTried > 0 ? `, failed: ${failed}, not tried: ${notTried}` : ''
  print(
    `forgotten: ${countOf(pruned, 'forgotten')}, gone already: ${countOf(pruned, 'gone')}${wrong}`,
  )
}
