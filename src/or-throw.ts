/**
 * The seam between failures as values and failures that are thrown.
 */
import { E, type TE } from './fp.ts'

const rightOf = <A>(result: E.Either<unknown, A>): A => {
  if (E.isLeft(result)) throw result.left
  return result.right
}

/**
 * Runs a task; the promise rejects with its failure. Or takes what an Either holds; its failure is thrown.
 *
 * @param task - what fp-ts calls a TaskEither; or an Either
 *
 * @example
 * ```ts
 * await expect(orThrow(loadModel(await orThrow(openEngine('cpu')), 'no/such/folder'))).rejects.toThrow('it does not exist')
 * expect(orThrow(transitions(linearSchedule(), trailing(4)))).toHaveLength(4)
 * expect(() => orThrow(transitions(linearSchedule(), trailing(2000)))).toThrow('only 1000 timesteps')
 * ```
 */
export function orThrow<A>(task: TE.TaskEither<unknown, A>): Promise<A>
export function orThrow<A>(either: E.Either<unknown, A>): A
export function orThrow<A>(result: TE.TaskEither<unknown, A> | E.Either<unknown, A>): Promise<A> | A {
  return typeof result === 'function' ? result().then(rightOf) : rightOf(result)
}
