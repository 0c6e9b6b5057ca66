/**
 * Tables of what a model does with images, a row for each number of steps.
 */
import { concat, defer, filter, finalize, map, type Observable, type OperatorFunction, tap } from 'rxjs'
import { defaultImages, openImages } from '../data/open-images.ts'
import { type ImageSource, imageBatches, takeImages } from '../data/image-source.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { many } from '../many.ts'
import type { LabelledImages } from '../model/labelled-images.ts'
import { classesOfImages } from '../pipeline/image-labels.ts'
import type { Row } from './csv.ts'
import { type Read, readNumber, readWholes } from './flags.ts'
import { type Opened, openModel, settle } from './plan.ts'
import { samplingDefaults } from './sampling-flags.ts'
import type { Flags, Settings } from './settings.ts'
import { draw, WIPE } from './terminal.ts'
import { readTableFiles, type TableContext, type TableFile, type TableFlags, tabulate } from './tabulate.ts'

/** The flags as the command line has them, whatever is measured. */
export interface StepsFlags extends TableFlags, Pick<Partial<Flags>, 'model' | 'spacing' | 'clip'> {
  readonly engine: string
  /** A list. */
  readonly steps: string
  readonly images?: string | undefined
  readonly resize?: boolean
  readonly limit?: string
  readonly batch: string
}

/** What can be known before a model is loaded. */
export interface StepsReading {
  /** One per row of the table, which differ in their steps only. */
  readonly rows: readonly Settings[]
  readonly limit: number
  readonly batch: number
}

/** Reads what all such tables are told. */
export const readSteps = (flags: StepsFlags): E.Either<Failure, StepsReading> =>
  pipe(
    E.Do,
    E.apS('counts', readWholes('--steps', 100)(flags.steps)),
    E.apS(
      'limit',
      flags.limit === undefined
        ? (E.right(Infinity) as Read<number>)
        : readNumber('--limit', { whole: true, least: 1 })(flags.limit),
    ),
    E.apS('batch', readNumber('--batch', { whole: true, least: 1, most: 4096 })(flags.batch)),
    E.bindW('rows', ({ counts }) =>
      E.traverseArray((count: number) =>
        settle({ ...samplingDefaults, ...flags, batch: '1', steps: String(count) }),
      )(counts),
    ),
  )

/** A model, the images that it is shown, and where the table goes. */
export interface StepsPrepared extends StepsReading, Pick<Opened, 'model' | 'engine'> {
  readonly source: ImageSource
  readonly files: readonly TableFile[]
}

/** Opens the model, and images with its classes. */
export const openSteps = (flags: StepsFlags, read: StepsReading): TE.TaskEither<Failure, StepsPrepared> =>
  pipe(
    readTableFiles(flags),
    TE.bindTo('files'),
    TE.bindW('opened', () => openModel({ engine: flags.engine, model: read.rows[0]?.model })),
    TE.bindW('source', ({ opened: { model } }) =>
      openImages(flags.images ?? defaultImages, { shape: model.shape, resize: flags.resize ?? false }),
    ),
    TE.bindW('labels', ({ opened: { model }, source }) => TE.fromEither(classesOfImages(model, source))),
    TE.map(({ files, opened, source: { labels: _, ...source }, labels }) => ({
      ...read,
      ...opened,
      files,
      source: takeImages(read.limit)({ ...source, ...(labels === undefined ? {} : { labels }) }),
    })),
  )

/** What is measured for each row. */
export interface StepsMeasuring<Measured extends { readonly images: number }> {
  /** What it is, for people, after the images. */
  readonly about: string
  /** The columns as people see them: their names, how wide they are, and what is in them. */
  readonly columns: ReadonlyArray<readonly [name: string, width: number, show: (row: Row) => string]>
  /** Measures batch after batch, and says what all images so far come to. */
  readonly measure: (settings: Settings) => OperatorFunction<LabelledImages, Measured>
  /** The figures of a row, its seconds besides. */
  readonly rowOf: (measured: Measured, settings: Settings) => Row
  /** What is known on the way, after the number of images. */
  readonly sofar?: (measured: Measured) => string
}

/**
 * Prints the table, row by row as it is measured.
 *
 * @returns the exit code
 */
export const tabulateSteps = <Measured extends { readonly images: number }>(
  { about, columns, measure, rowOf, sofar = () => '' }: StepsMeasuring<Measured>,
  { rows, source, engine, files, batch }: StepsPrepared,
  context: TableContext,
): Promise<number> => {
  const { terminal, quiet } = context
  const live = terminal.isTTY === true && quiet !== true
  const clear = (): unknown => (live ? draw(terminal)(WIPE) : undefined)
  const line = (cells: readonly string[]): string =>
    `${cells.map((cell, i) => cell.padStart(columns[i]?.[1] ?? 0)).join('')}\n`
  const row$ = (settings: Settings): Observable<Row> =>
    defer(() => {
      const begun = performance.now()
      return imageBatches(batch)(source).pipe(
        measure(settings),
        tap((measured) => {
          clear()
          if (live)
            terminal.write(
              `${settings.spacing.name}: ${String(measured.images)} of ${many(source.count, 'image')}${sofar(measured)}`,
            )
        }),
        filter(({ images }) => images === source.count),
        map((measured) => ({
          ...rowOf(measured, settings),
          seconds: (performance.now() - begun) / 1000,
        })),
      )
    })
  return tabulate(
    {
      about: `${many(source.count, 'image')} of ${source.name}, ${about}`,
      engine,
      files,
      head: line(columns.map(([name]) => name)),
      line: (row) => line(columns.map(([, , show]) => show(row))),
      rows$: concat(...rows.map(row$)).pipe(tap(clear), finalize(clear)),
    },
    context,
  )
}
