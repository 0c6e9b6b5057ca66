/**
 * `rxdiffusion matrix`: samplers against numbers of steps, from one seed.
 */
import { E, pipe } from '../fp.ts'
import { experimentCommand, type ExperimentFlags, said, samplerOf, values } from './experiment-flags.ts'
import type { Context } from './write-run.ts'

/** The flags as the command line has them. */
export interface MatrixFlags extends Omit<ExperimentFlags, 'sampler' | 'eta' | 'variance'> {
  readonly sampler?: readonly string[]
}

/**
 * Samples a matrix.
 *
 * @param flags - as the command line has them
 * @param context - where words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const matrixCommand = (flags: MatrixFlags, context: Context): Promise<number> => {
  const { sampler, steps, ...others } = flags
  return experimentCommand(
    'matrix',
    others,
    pipe(
      sampler ?? [],
      E.traverseArray((text) => samplerOf({ sampler: text })),
      E.map((samplers) =>
        said({
          kind: 'matrix',
          samplers: samplers.length === 0 ? undefined : samplers,
          counts: values(steps),
        }),
      ),
    ),
    context,
  )
}
