/**
 * The seam between tasks and promises.
 */
import { E, type TE } from './fp.ts'

/**
 * Runs a task; the promise rejects with its failure.
 *
 * @param task - what fp-ts calls a TaskEither
 *
 * @example
 * ```ts
 * await expect(orThrow(loadModel(await orThrow(openEngine('cpu')), 'no/such/folder'))).rejects.toThrow('it does not exist')
 * ```
 */
export const orThrow = async <A>(task: TE.TaskEither<unknown, A>): Promise<A> => {
  const result = await task()
  if (E.isLeft(result)) throw result.left
  return result.right
}
