/**
 * What is wrong with a setting, and how several such things are told together.
 */
import type { Failure } from '../failure.ts'
import { E, pipe, RA } from '../fp.ts'

/** What is wrong with a pipeline, and with which setting. */
export interface PipelineError {
  /** Keys and indices from the root to the setting. */
  readonly way: readonly string[]
  /** Whether it is about the name of the setting, or its value, which it is unless said. */
  readonly part?: 'key' | 'value'
  /** The end of a sentence. */
  readonly reason: string
}

/** Something, or all that is wrong with it. */
export type Checked<A> = E.Either<readonly PipelineError[], A>

/**
 * A failure as what is wrong with a setting.
 *
 * @param way - to the setting
 */
export const flawFrom = (way: PipelineError['way'], failure: Failure): PipelineError => {
  if (failure._tag === 'RunInvalid') return { way, reason: failure.reason }
  const sentence = failure.message.replace(/[.]$/, '')
  // what begins with a path begins as it is
  const reason = 'path' in failure ? sentence : sentence.charAt(0).toLowerCase() + sentence.slice(1)
  return { way, reason }
}

/** What is refused, as what is wrong with a setting. */
export const flawAt =
  (way: PipelineError['way'] | ((failure: Failure) => PipelineError['way'])) =>
  <A>(tried: E.Either<Failure, A>): Checked<A> =>
    pipe(
      tried,
      E.mapLeft((failure) => [flawFrom(typeof way === 'function' ? way(failure) : way, failure)]),
    )

/** Says all that is wrong, and not only what is wrong first. */
export const validation: ReturnType<typeof E.getApplicativeValidation<readonly PipelineError[]>> =
  E.getApplicativeValidation(RA.getSemigroup<PipelineError>())

/** All of them, or all that is wrong with them. */
export const together = <A>(all: ReadonlyArray<Checked<A>>): Checked<readonly A[]> =>
  RA.traverse(validation)((one: Checked<A>) => one)(all)
