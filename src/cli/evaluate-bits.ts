/**
 * `rxdiffusion evaluate --bits`: how many bits per dimension a model needs for images, at most, by the number of steps.
 */
import { concat, defer, filter, finalize, map, type Observable, tap } from 'rxjs'
import { attempt } from '../attempt.ts'
import { defaultImages, openImages } from '../data/open-images.ts'
import { type ImageSource, imageBatches, takeImages } from '../data/image-source.ts'
import { bitsPerDimension, type BitsPerDimension } from '../evaluate/bits-per-dimension.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { LabelledImages } from '../model/labelled-images.ts'
import { many } from '../many.ts'
import { classesOfImages } from '../pipeline/image-labels.ts'
import type { Row } from './csv.ts'
import type { EvaluateFlags } from './evaluate.ts'
import { type Read, readNumber, readWholes } from './flags.ts'
import { type Opened, openModel, settle } from './plan.ts'
import { samplingDefaults } from './sampling-flags.ts'
import type { Settings } from './settings.ts'
import { readTableFiles, type TableContext, type TableFile, tabulate } from './tabulate.ts'
import { carryOut } from './write-run.ts'

/** What can be known before a model is loaded. */
interface Reading {
  /** One per row of the table, which differ in their steps only. */
  readonly rows: readonly Settings[]
  readonly seed: number
  readonly limit: number
  readonly batch: number
}

const readFlags = (flags: EvaluateFlags): E.Either<Failure, Reading> =>
  pipe(
    flags.samples === undefined
      ? E.Do
      : E.left(
          fail('Usage', { reason: '--bits measures a model and not --samples: they exclude each other' }),
        ),
    E.apSW('counts', readWholes('--steps', 100)(flags.steps ?? '50')),
    E.apSW('seed', readNumber('--seed', { whole: true, least: 0 })(flags.seed ?? '0')),
    E.apSW(
      'limit',
      flags.limit === undefined
        ? (E.right(Infinity) as Read<number>)
        : readNumber('--limit', { whole: true, least: 1 })(flags.limit),
    ),
    E.apSW('batch', readNumber('--batch', { whole: true, least: 1, most: 4096 })(flags.batch)),
    E.bindW('rows', ({ counts }) =>
      E.traverseArray((count: number) =>
        settle({
          ...samplingDefaults,
          steps: String(count),
          engine: flags.engine ?? 'auto',
          ...(flags.model === undefined ? {} : { model: flags.model }),
          ...(flags.spacing === undefined ? {} : { spacing: flags.spacing }),
          ...(flags.clip === undefined ? {} : { clip: flags.clip }),
        }),
      )(counts),
    ),
  )

type Measure = ReturnType<typeof bitsPerDimension>

interface Prepared extends Reading, Pick<Opened, 'model' | 'engine'> {
  readonly files: readonly TableFile[]
  readonly source: ImageSource
  /** One per row. */
  readonly measures: readonly Measure[]
}

const prepare = (flags: EvaluateFlags): TE.TaskEither<Failure, Prepared> =>
  pipe(
    TE.fromEither(readFlags(flags)),
    TE.bindTo('read'),
    TE.bindW('files', () => readTableFiles(flags)),
    TE.bindW('opened', ({ read }) =>
      openModel({ engine: flags.engine ?? 'auto', model: read.rows[0]?.model }),
    ),
    TE.bindW('source', ({ opened: { model } }) =>
      openImages(flags.data ?? defaultImages, { shape: model.shape, resize: flags.resize ?? false }),
    ),
    TE.bindW('labels', ({ opened: { model }, source }) => TE.fromEither(classesOfImages(model, source))),
    TE.bindW('measures', ({ read: { rows, seed }, opened: { model } }) =>
      TE.fromEither(
        E.traverseArray(({ spacing, clip }: Settings) =>
          attempt(() => bitsPerDimension({ model, spacing, seed, ...(clip === undefined ? {} : { clip }) })),
        )(rows),
      ),
    ),
    TE.map(({ read, opened, files, measures, source: { labels: _, ...source }, labels }) => ({
      ...read,
      ...opened,
      files,
      measures,
      source: takeImages(read.limit)({ ...source, ...(labels === undefined ? {} : { labels }) }),
    })),
  )

const columns = [6, 10, 10, 10, 10, 10] as const
const line = (cells: readonly string[]): string =>
  `${cells.map((cell, i) => cell.padStart(columns[i] ?? 0)).join('')}\n`

const rowOf = (
  { spacing }: Settings,
  measure: Measure,
  batches$: Observable<LabelledImages>,
  count: number,
  seen: (images: BitsPerDimension) => void,
): Observable<Row> =>
  defer(() => {
    const begun = performance.now()
    return batches$.pipe(
      measure,
      tap(seen),
      filter(({ images }) => images === count),
      map(({ images, bits, error, prior, terms }) => ({
        steps: terms.length,
        spacing: spacing.name,
        images,
        bits,
        error,
        prior,
        last: terms.at(-1) ?? 0,
        seconds: (performance.now() - begun) / 1000,
      })),
    )
  })

/**
 * Prints the table, row by row as it is measured.
 *
 * @param flags - as the command line has them
 * @param context - where the table and words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const evaluateBits = (flags: EvaluateFlags, context: TableContext): Promise<number> => {
  const { terminal, quiet } = context
  const live = terminal.isTTY === true && quiet !== true
  const clear = (): unknown => (live ? terminal.write('\r\u001b[K') : undefined)
  return carryOut(
    prepare(flags),
    ({ rows, measures, source, engine, files, batch }) =>
      tabulate(
        {
          about: `${many(source.count, 'image')} of ${source.name}, bits per dimension at most`,
          engine,
          files,
          head: line(['S', 'bits', '±', 'prior', 'last', 'seconds']),
          line: ({ steps, bits, error, prior, last, seconds }) =>
            line([
              String(steps),
              Number(bits).toFixed(4),
              Number(error).toFixed(4),
              Number(prior).toExponential(1),
              Number(last).toFixed(4),
              Number(seconds).toFixed(1),
            ]),
          rows$: concat(
            ...rows.map((settings, i) =>
              rowOf(settings, measures[i]!, imageBatches(batch)(source), source.count, ({ images, bits }) => {
                clear()
                if (live)
                  terminal.write(
                    `${settings.spacing.name}: ${String(images)} of ${many(source.count, 'image')}, ${bits.toFixed(3)} so far`,
                  )
              }),
            ),
          ).pipe(tap(clear), finalize(clear)),
        },
        context,
      ),
    context,
  )
}
