/**
 * `rxdiffusion reconstruct`: a table of how far images are from what they were, after a way to noise and back.
 */
import { transitions } from '../diffusion/transition.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { reconstructionError } from '../experiment/reconstruction-error.ts'
import {
  openSteps,
  readSteps,
  type StepsFlags,
  type StepsPrepared,
  type StepsReading,
  tabulateSteps,
} from './by-steps.ts'
import { readNumber, readOneOf } from './flags.ts'
import type { Settings } from './settings.ts'
import type { TableContext } from './tabulate.ts'
import { carryOut } from './write-run.ts'

/** The flags as the command line has them. */
export interface ReconstructFlags extends StepsFlags {
  readonly at: string
  readonly refinements: string
}

/** How images go to noise. */
interface Way {
  readonly evaluateAt: 'source' | 'destination'
  readonly refinements: number
}

const readFlags = (flags: ReconstructFlags): E.Either<Failure, StepsReading & Way> =>
  pipe(
    readSteps(flags),
    E.bindW('evaluateAt', () => readOneOf('--at', ['source', 'destination'])(flags.at)),
    E.bindW('refinements', () =>
      readNumber('--refinements', { whole: true, least: 0, most: 100 })(flags.refinements),
    ),
  )

const prepare = (flags: ReconstructFlags): TE.TaskEither<Failure, StepsPrepared & Way> =>
  pipe(
    TE.fromEither(readFlags(flags)),
    TE.chain(({ evaluateAt, refinements, ...read }) =>
      pipe(
        openSteps(flags, read),
        TE.map((prepared) => ({ ...prepared, evaluateAt, refinements })),
      ),
    ),
    TE.chainFirstEitherKW(({ rows, model }) =>
      E.traverseArray(({ spacing }: Settings) => transitions(model.schedule, spacing))(rows),
    ),
  )

/**
 * Prints the table, row by row as it is measured.
 *
 * @param flags - as the command line has them
 * @param context - where the table and words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const reconstructCommand = (flags: ReconstructFlags, context: TableContext): Promise<number> =>
  carryOut(
    prepare(flags),
    (prepared) => {
      const { model, evaluateAt, refinements } = prepared
      return tabulateSteps(
        {
          about: 'to noise and back by DDIM',
          columns: [
            ['S', 6, ({ steps }) => String(steps)],
            ['error', 10, ({ error }) => Number(error).toPrecision(3)],
            ['seconds', 10, ({ seconds }) => Number(seconds).toFixed(1)],
          ],
          measure: ({ spacing }) => reconstructionError({ model, spacing, evaluateAt, refinements }),
          rowOf: ({ error }, { spacing }) => ({ steps: Number(spacing.name.replace(/\D/g, '')), error }),
        },
        prepared,
        context,
      )
    },
    context,
  )
