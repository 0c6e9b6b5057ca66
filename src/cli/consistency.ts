/**
 * `rxdiffusion consistency`: a table of how much of an image x_T decides alone, and how much the number of steps.
 */
import { concatMap, from, lastValueFrom, map, takeUntil, toArray } from 'rxjs'
import { transitions } from '../diffusion/transition.ts'
import { consistency } from '../experiment/consistency.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { batchLabels, type BatchLabels } from '../model/batch-labels.ts'
import { checkSteps } from '../stream/step.ts'
import { readWholes } from './flags.ts'
import { configOf, type Opened, openModel, settle } from './plan.ts'
import { samplingDefaults } from './sampling-flags.ts'
import type { Flags, Settings } from './settings.ts'
import { exitCode } from './exit-code.ts'
import { carryOut, type Context, interruption } from './write-run.ts'
import { many } from '../many.ts'

/** The flags as the command line has them. */
export interface ConsistencyFlags extends Partial<Omit<Flags, 'sampler' | 'steps'>> {
  readonly sampler?: readonly string[]
  readonly steps: string
}

/** A sampler with every number of steps, the most last. */
type Column = readonly Settings[]

const readColumns = ({
  sampler = ['ddim', 'ddpm'],
  steps,
  ...flags
}: ConsistencyFlags): E.Either<Failure, readonly Column[]> =>
  pipe(
    readWholes('--steps', 100)(steps),
    E.chainW((counts) =>
      E.traverseArray((name: string) =>
        E.traverseArray((count: number) =>
          settle({ ...samplingDefaults, ...flags, sampler: name, steps: String(count) }),
        )(counts.toSorted((a, b) => a - b)),
      )(sampler),
    ),
  )

interface Prepared extends Pick<Opened, 'model' | 'engine'> {
  readonly columns: readonly Column[]
  readonly labels: BatchLabels
}

const prepare = (flags: ConsistencyFlags): TE.TaskEither<Failure, Prepared> =>
  pipe(
    TE.fromEither(readColumns(flags)),
    TE.bindTo('columns'),
    TE.bindW('opened', () => openModel({ engine: flags.engine ?? 'auto', model: flags.model })),
    TE.bindW('labels', ({ columns: [first], opened: { model } }) =>
      TE.fromEither(batchLabels(model.labels, first?.[0]?.labels, first?.[0]?.batch)),
    ),
    TE.chainFirstW(({ columns, opened: { model } }) =>
      TE.fromEither(
        E.traverseArray((settings: Settings) =>
          pipe(
            E.Do,
            E.apSW('config', configOf({ settings, model })),
            E.apSW('steps', transitions(model.schedule, settings.spacing)),
            E.chainW(({ config, steps }) => checkSteps(config)(steps)),
          ),
        )(columns.flat()),
      ),
    ),
    TE.map(({ columns, opened, labels }) => ({ ...opened, columns, labels })),
  )

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length

const line = (cells: readonly string[], widths: readonly number[]): string =>
  `${cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')}\n`

/**
 * Prints the table: the root-mean-square distance of each number of steps from the most, on a scale of [0, 1].
 *
 * @param flags - as the command line has them
 * @param print - where the table goes
 * @param context - where words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const consistencyCommand = (
  flags: ConsistencyFlags,
  print: (text: string) => unknown,
  { terminal, signal }: Omit<Context, 'version'>,
): Promise<number> =>
  carryOut(
    prepare(flags),
    async ({ columns, labels: { rows, condition }, model, engine }) => {
      const names = columns.map((column) => column[0]?.rule.name ?? '')
      const counts = columns[0]?.map(({ spacing }) => spacing.name.replace(/\D/g, '')) ?? []
      terminal.write(
        `${many(rows, 'sample')} of one x_T: how far they are from those of ${counts.at(-1) ?? ''} steps, ${engine}\n`,
      )
      const measured = await lastValueFrom(
        from(columns).pipe(
          concatMap((column) => {
            const [settings] = column
            if (settings === undefined) return []
            const config = configOf({ settings, model })
            if (E.isLeft(config)) throw config.left
            const spacings = column.map(({ spacing }) => spacing)
            return consistency({ ...config.right, spacings, condition, batch: rows })
          }),
          map((all) => all.map(({ distances }) => mean(distances).toFixed(4))),
          takeUntil(interruption(signal)),
          toArray(),
        ),
      )
      if (signal.aborted) {
        terminal.write('Interrupted before everything was measured: there is no table.\n')
        return exitCode.interrupted
      }
      const widths = [6, ...names.map((name) => Math.max(8, name.length))]
      print(line(['S', ...names], widths))
      counts.forEach((count, row) => {
        print(line([count, ...measured.map((column) => column[row] ?? '')], widths))
      })
      return exitCode.ok
    },
    { terminal },
  )
