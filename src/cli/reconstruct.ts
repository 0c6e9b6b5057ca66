/**
 * `rxdiffusion reconstruct`: a table of how far images are from what they were, after a way to noise and back.
 */
import { concat, defer, filter, finalize, map, type Observable, tap } from 'rxjs'
import { defaultImages, openImages } from '../data/open-images.ts'
import { type ImageSource, imageBatches, takeImages } from '../data/image-source.ts'
import { transitions } from '../diffusion/transition.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { reconstructionError } from '../experiment/reconstruction-error.ts'
import type { Row } from './csv.ts'
import { type Read, readNumber, readOneOf, readWholes } from './flags.ts'
import { classesOfImages } from '../pipeline/image-labels.ts'
import { type Opened, openModel, settle } from './plan.ts'
import type { Settings } from './settings.ts'
import { samplingDefaults } from './sampling-flags.ts'
import { readTableFiles, type TableContext, type TableFile, type TableFlags, tabulate } from './tabulate.ts'
import { carryOut } from './write-run.ts'
import { many } from '../many.ts'

/** The flags as the command line has them. */
export interface ReconstructFlags extends TableFlags {
  readonly model?: string
  readonly engine: string
  readonly images?: string
  readonly resize?: boolean
  readonly steps: string
  readonly spacing?: string
  readonly at: string
  readonly refinements: string
  readonly limit?: string
  readonly batch: string
}

/** What can be known before a model is loaded. */
interface Reading {
  /** One per row of the table, which differ in their steps only. */
  readonly rows: readonly Settings[]
  readonly evaluateAt: 'source' | 'destination'
  readonly refinements: number
  readonly limit: number
  readonly batch: number
}

const readFlags = (flags: ReconstructFlags): E.Either<Failure, Reading> =>
  pipe(
    E.Do,
    E.apS('counts', readWholes('--steps', 100)(flags.steps)),
    E.apS('evaluateAt', readOneOf('--at', ['source', 'destination'])(flags.at)),
    E.apS(
      'refinements',
      readNumber('--refinements', { whole: true, least: 0, most: 100 })(flags.refinements),
    ),
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

interface Prepared extends Reading, Pick<Opened, 'model' | 'engine'> {
  readonly source: ImageSource
  readonly files: readonly TableFile[]
}

const prepare = (flags: ReconstructFlags): TE.TaskEither<Failure, Prepared> =>
  pipe(
    TE.fromEither(readFlags(flags)),
    TE.bindTo('read'),
    TE.bindW('files', () => readTableFiles(flags)),
    TE.bindW('opened', ({ read }) => openModel({ engine: flags.engine, model: read.rows[0]?.model })),
    TE.bindW('source', ({ opened: { model } }) =>
      openImages(flags.images ?? defaultImages, { shape: model.shape, resize: flags.resize ?? false }),
    ),
    TE.bindW('labels', ({ opened: { model }, source }) => TE.fromEither(classesOfImages(model, source))),
    TE.chainFirstW(({ read, opened: { model } }) =>
      TE.fromEither(
        E.traverseArray(({ spacing }: Settings) => transitions(model.schedule, spacing))(read.rows),
      ),
    ),
    TE.map(({ read, files, opened, source: { labels: _, ...source }, labels }) => ({
      ...read,
      ...opened,
      files,
      source: takeImages(read.limit)({ ...source, ...(labels === undefined ? {} : { labels }) }),
    })),
  )

const columns = [6, 10, 10] as const
const line = (cells: readonly string[]): string =>
  `${cells.map((cell, i) => cell.padStart(columns[i] ?? 0)).join('')}\n`

/** A row of the table: what it takes to noise and back in some steps. */
const rowOf =
  ({ source, model, evaluateAt, refinements, batch }: Prepared, seen: (images: number) => void) =>
  ({ spacing }: Settings): Observable<Row> =>
    defer(() => {
      const begun = performance.now()
      return imageBatches(batch)(source).pipe(
        reconstructionError({ model, spacing, evaluateAt, refinements }),
        tap(({ images }) => {
          seen(images)
        }),
        filter(({ images }) => images === source.count),
        map(({ error }) => ({
          steps: Number(spacing.name.replace(/\D/g, '')),
          error,
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
export const reconstructCommand = (flags: ReconstructFlags, context: TableContext): Promise<number> => {
  const { terminal, quiet } = context
  const live = terminal.isTTY === true && quiet !== true
  const clear = (): unknown => (live ? terminal.write('\r\u001b[K') : undefined)
  return carryOut(
    prepare(flags),
    (prepared) => {
      const { rows, source, engine, files } = prepared
      return tabulate(
        {
          about: `${many(source.count, 'image')} of ${source.name}, to noise and back by DDIM`,
          engine,
          files,
          head: line(['S', 'error', 'seconds']),
          line: ({ steps, error, seconds }) =>
            line([String(steps), Number(error).toPrecision(3), Number(seconds).toFixed(1)]),
          rows$: concat(
            ...rows.map((settings) =>
              rowOf(prepared, (images) => {
                clear()
                if (live)
                  terminal.write(
                    `${settings.spacing.name}: ${String(images)} of ${many(source.count, 'image')}`,
                  )
              })(settings),
            ),
          ).pipe(tap(clear), finalize(clear)),
        },
        context,
      )
    },
    context,
  )
}
