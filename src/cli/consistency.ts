/**
 * `rxdiffusion consistency`: a table of how much of an image x_T decides alone, and how much the number of steps.
 */
import { concatMap, defer, from, map, type Observable, toArray } from 'rxjs'
import { transitions } from '../diffusion/transition.ts'
import { consistency } from '../experiment/consistency.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { batchLabels, type BatchLabels } from '../model/batch-labels.ts'
import { checkSteps } from '../stream/check-steps.ts'
import { failWith } from './fail-with.ts'
import { readWholes } from './flags.ts'
import { configOf, type Opened, openModel, settle } from './plan.ts'
import { samplingDefaults } from './sampling-flags.ts'
import type { Flags, Settings } from './settings.ts'
import { readTableFiles, type TableContext, type TableFile, type TableFlags, tabulate } from './tabulate.ts'
import { carryOut } from './write-run.ts'
import { many } from '../many.ts'
import { quoted } from '../quoted.ts'

/** The flags as the command line has them. */
export interface ConsistencyFlags extends Partial<Omit<Flags, 'sampler' | 'steps'>>, TableFlags {
  readonly sampler?: readonly string[]
  readonly steps: string
}

/** A sampler with every number of steps, the most last. */
type Column = readonly Settings[]

const nameOf = (column: Column): string => column[0]?.rule.name ?? ''

const readColumns = ({
  sampler = ['ddim', 'ddpm'],
  steps,
  output: _,
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
    E.filterOrElseW(
      (columns) => new Set(columns.map(nameOf)).size === columns.length,
      () => failWith(`--sampler names the same sampler twice: ${sampler.map(quoted).join(', ')}`),
    ),
  )

interface Prepared extends Pick<Opened, 'model' | 'engine'> {
  readonly columns: readonly Column[]
  readonly labels: BatchLabels
  readonly files: readonly TableFile[]
}

const prepare = (flags: ConsistencyFlags): TE.TaskEither<Failure, Prepared> =>
  pipe(
    TE.fromEither(readColumns(flags)),
    TE.bindTo('columns'),
    TE.bindW('files', () => readTableFiles(flags)),
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
    TE.map(({ opened, ...read }) => ({ ...opened, ...read })),
  )

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length

const line = (cells: readonly string[], widths: readonly number[]): string =>
  `${cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')}\n`

/** How far the images of a sampler are from those of its most steps, for each number of steps. */
const distancesOf =
  ({ labels: { rows, condition }, model }: Prepared) =>
  (column: Column): Observable<readonly number[]> =>
    defer(() => {
      const [settings] = column
      if (settings === undefined) return []
      const config = configOf({ settings, model })
      if (E.isLeft(config)) throw config.left
      const spacings = column.map(({ spacing }) => spacing)
      return consistency({ ...config.right, spacings, condition, batch: rows })
    }).pipe(map((all) => all.map(({ distances }) => mean(distances))))

/**
 * Prints the table: the root-mean-square distance of each number of steps from the most, on a scale of [0, 1].
 *
 * @param flags - as the command line has them
 * @param context - where the table and words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const consistencyCommand = (flags: ConsistencyFlags, context: TableContext): Promise<number> =>
  carryOut(
    prepare(flags),
    (prepared) => {
      const { columns, labels, engine, files } = prepared
      const names = columns.map(nameOf)
      const counts = columns[0]?.map(({ spacing }) => Number(spacing.name.replace(/\D/g, ''))) ?? []
      const widths = [6, ...names.map((name) => Math.max(8, name.length))]
      return tabulate(
        {
          about: `${many(labels.rows, 'sample')} of one x_T: how far they are from those of ${String(counts.at(-1) ?? 0)} steps`,
          engine,
          files,
          head: line(['S', ...names], widths),
          line: ({ steps, ...distances }) =>
            line([String(steps), ...names.map((name) => Number(distances[name]).toFixed(4))], widths),
          rows$: from(columns).pipe(
            concatMap(distancesOf(prepared)),
            toArray(),
            concatMap((measured) =>
              counts.map((steps, row) => ({
                steps,
                ...Object.fromEntries(names.map((name, i) => [name, measured[i]?.[row] ?? NaN])),
              })),
            ),
          ),
        },
        context,
      )
    },
    context,
  )
