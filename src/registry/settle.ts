// One trip to the ledger with several questions.

/**
 * Waits for all answers of a trip before any is judged: what one answer says must not depend on which came
 * first, and nothing of the trip is still under way when the next one begins.
 * @throws what the first of them threw, in their order
 */
export const settle = async <Answers extends readonly unknown[]>(questions: {
  readonly [Index in keyof Answers]: Promise<Answers[Index]>
}): Promise<Answers> => {
  const outcomes = await Promise.allSettled(questions)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return outcomes.map((outcome) => outcome.status === 'fulfilled' && outcome.value) as never
}
