// One trip to the ledger with several calls.

/**
 * Waits for all answers of a trip before any is used. So the outcome does not depend on which answer came first,
 * and no call of the trip is pending when the next trip begins.
 * @throws the first error, in the order of the calls
 */
export const settle = async <Answers extends readonly unknown[]>(questions: {
  readonly [Index in keyof Answers]: Promise<Answers[Index]>
}): Promise<Answers> => {
  const outcomes = await Promise.allSettled(questions)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return outcomes.map((outcome) => outcome.status === 'fulfilled' && outcome.value) as never
}
