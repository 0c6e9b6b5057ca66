/** All outputs of a run, in one pass. */
import { catchError, connect, map, merge, type Observable, of, type OperatorFunction, toArray } from 'rxjs'
import { E } from '../../fp.ts'
import type { Frame } from '../../stream/frame.ts'
import type { Written } from '../sink/files.ts'
import type { Output } from './output.ts'
import { type Legend, sinkTo } from './sink-to.ts'

/** What became of an output. */
export interface Outcome {
  readonly output: Output
  /** Why it could not be written, or what was: nothing where no frame came, or nobody reads any more. */
  readonly result: E.Either<unknown, readonly Written[]>
}

/**
 * Writes a run to all its outputs at once.
 *
 *     frames      --a--b--c|
 *     toOutputs   ----------O1-(O2|)
 *
 * @remarks
 * An output that fails says so when it does, and the others go on: their files are worth having. When all have ended, and be it because
 * the reader of a pipe has gone, the run is left. A run that fails, fails every output; what came until then is finished all the same.
 *
 * @param outputs - what is written where
 * @param legend - what is known of the run
 * @returns an operator that emits what became of each output, and does not fail
 *
 * @example
 * ```ts
 * const provenance = { version: '0', recipe: 'ddim', command: ['sample'], settings: {} }
 * const outputs = [{ kind: 'grid', path: 'out/grid.png' }, { kind: 'gif', path: 'out/run.gif', show: ['xt', 'x0'] }] as const
 * expect(toOutputs(outputs, { provenance })).toBeTypeOf('function')
 * ```
 */
export const toOutputs = <T>(
  outputs: readonly Output[],
  legend: Legend,
): OperatorFunction<Frame<T>, Outcome> =>
  connect((run$: Observable<Frame<T>>) =>
    merge(
      ...outputs.map((output) =>
        sinkTo(
          output,
          legend,
        )(run$).pipe(
          toArray(),
          map((written): Outcome => ({ output, result: E.right(written) })),
          catchError((error: unknown) => of<Outcome>({ output, result: E.left(error) })),
        ),
      ),
    ),
  )
