/**
 * `rxdiffusion evaluate --bits`: how many bits per dimension a model needs for images, at most, by the number of steps.
 */
import { attempt } from '../attempt.ts'
import { bitsPerDimension } from '../evaluate/bits-per-dimension.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { openSteps, readSteps, type StepsFlags, type StepsPrepared, tabulateSteps } from './by-steps.ts'
import type { EvaluateFlags } from './evaluate.ts'
import { failWith } from './fail-with.ts'
import { readNumber } from './flags.ts'
import type { Settings } from './settings.ts'
import type { TableContext } from './tabulate.ts'
import { carryOut } from './write-run.ts'

type Measure = ReturnType<typeof bitsPerDimension>

interface Prepared extends StepsPrepared {
  readonly measures: ReadonlyMap<Settings, Measure>
}

const stepsFlags = ({
  data,
  engine = 'auto',
  steps = '50',
  seed: _,
  ...flags
}: EvaluateFlags): StepsFlags => ({
  ...flags,
  engine,
  steps,
  images: data,
})

const prepare = (flags: EvaluateFlags): TE.TaskEither<Failure, Prepared> =>
  pipe(
    flags.samples === undefined
      ? readSteps(stepsFlags(flags))
      : E.left(failWith('--bits measures a model and not --samples: they exclude each other')),
    E.bindTo('read'),
    E.apSW('seed', readNumber('--seed', { whole: true, least: 0 })(flags.seed ?? '0')),
    TE.fromEither,
    TE.bindW('prepared', ({ read }) => openSteps(stepsFlags(flags), read)),
    TE.bindW('measures', ({ seed, prepared: { model, rows } }) =>
      TE.fromEither(
        E.traverseArray((settings: Settings) => {
          const { spacing, clip } = settings
          const config = { model, spacing, seed, ...(clip === undefined ? {} : { clip }) }
          return attempt(() => [settings, bitsPerDimension(config)] as const)
        })(rows),
      ),
    ),
    TE.map(({ prepared, measures }) => ({ ...prepared, measures: new Map(measures) })),
  )

/**
 * Prints the table, row by row as it is measured.
 *
 * @param flags - as the command line has them
 * @param context - where the table and words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const evaluateBits = (flags: EvaluateFlags, context: TableContext): Promise<number> =>
  carryOut(
    prepare(flags),
    (prepared) =>
      tabulateSteps(
        {
          about: 'bits per dimension at most',
          columns: [
            ['S', 6, ({ steps }) => String(steps)],
            ['bits', 10, ({ bits }) => Number(bits).toFixed(4)],
            ['±', 10, ({ error }) => Number(error).toFixed(4)],
            ['prior', 10, ({ prior }) => Number(prior).toExponential(1)],
            ['last', 10, ({ last }) => Number(last).toFixed(4)],
            ['seconds', 10, ({ seconds }) => Number(seconds).toFixed(1)],
          ],
          measure: (settings) => prepared.measures.get(settings)!,
          rowOf: ({ terms, images, bits, error, prior }, { spacing }) => ({
            steps: terms.length,
            spacing: spacing.name,
            images,
            bits,
            error,
            prior,
            last: terms.at(-1) ?? 0,
          }),
          sofar: ({ bits }) => `, ${bits.toFixed(3)} so far`,
        },
        prepared,
        context,
      ),
    context,
  )
