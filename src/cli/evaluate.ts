/**
 * `rxdiffusion evaluate`: how far samples are from data, in the features of a classifier.
 */
import { concat, concatMap, map, type Observable, toArray } from 'rxjs'
import { stackRows } from '../algebra/stack-rows.ts'
import { defaultImages, openImages } from '../data/open-images.ts'
import { type ImageSource, imageBatches, takeImages } from '../data/image-source.ts'
import { engineNames } from '../engine/engine.ts'
import { openEngine } from '../engine/engines.ts'
import { defaultClassifier, loadClassifier, type LoadedClassifier } from '../engine/load-classifier.ts'
import type { Features } from '../evaluate/features.ts'
import { frechetDistance } from '../evaluate/frechet-distance.ts'
import { kernelDistance } from '../evaluate/kernel-distance.ts'
import { momentsOf } from '../evaluate/moments.ts'
import { precisionRecall } from '../evaluate/precision-recall.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { many } from '../many.ts'
import type { Row } from './csv.ts'
import { readNumber, readOneOf } from './flags.ts'
import { readTableFiles, type TableContext, type TableFile, type TableFlags, tabulate } from './tabulate.ts'
import { carryOut } from './write-run.ts'

/** The flags as the command line has them. */
export interface EvaluateFlags extends TableFlags {
  readonly samples?: string
  readonly data?: string
  readonly limit?: string
  readonly resize?: boolean
  readonly batch: string
  /** Of the classifier, `wasm` unless said; of the model, `auto`. */
  readonly engine?: string
  /** Measure a model's likelihood of the data instead, by the flags that follow. */
  readonly bits?: boolean
  readonly model?: string
  readonly steps?: string
  readonly spacing?: string
  readonly clip?: string
  readonly seed?: string
}

/** What both sets have to be. */
const SHAPE = [28, 28, 1]

/** The fewest images that a set may have: more than the neighbours that span a manifold. */
const FEWEST = 4

interface Prepared {
  readonly model: LoadedClassifier
  readonly samples: ImageSource
  readonly data: ImageSource
  readonly engine: string
  readonly files: readonly TableFile[]
  readonly batch: number
}

const enough = (source: ImageSource): E.Either<Failure, ImageSource> =>
  source.count >= FEWEST
    ? E.right(source)
    : E.left(
        fail('FeaturesDisagree', {
          reason: `${source.name} has ${many(source.count, 'image')}, and it takes at least ${String(FEWEST)}`,
        }),
      )

const openSet = (
  path: string,
  { resize = false }: EvaluateFlags,
  limit: number,
): TE.TaskEither<Failure, ImageSource> =>
  pipe(openImages(path, { shape: SHAPE, resize }), TE.map(takeImages(limit)), TE.chainEitherKW(enough))

const prepare = (flags: EvaluateFlags): TE.TaskEither<Failure, Prepared> =>
  pipe(
    TE.Do,
    TE.bindW('path', () =>
      flags.samples === undefined
        ? TE.left(
            fail('Usage', {
              reason:
                'The option --samples <path> is needed: a .npy, an IDX file or PNG files; or --bits, for a model',
            }),
          )
        : TE.right(flags.samples),
    ),
    TE.bindW('engine', () => TE.fromEither(readOneOf('--engine', engineNames)(flags.engine ?? 'wasm'))),
    TE.bindW('batch', () =>
      TE.fromEither(readNumber('--batch', { whole: true, least: 1, most: 4096 })(flags.batch)),
    ),
    TE.bindW('limit', () =>
      flags.limit === undefined
        ? TE.right(Infinity)
        : TE.fromEither(readNumber('--limit', { whole: true, least: FEWEST })(flags.limit)),
    ),
    TE.bindW('files', () => readTableFiles(flags)),
    TE.bindW('samples', ({ path, limit }) => openSet(path, flags, limit)),
    TE.bindW('data', ({ limit }) => openSet(flags.data ?? defaultImages, flags, limit)),
    TE.chainFirstW(({ engine }) => openEngine(engine)),
    TE.bindW('model', () => loadClassifier(defaultClassifier)),
  )

/** What an image shows to the classifier, of all images. */
const look =
  ({ model, batch }: Prepared) =>
  (source: ImageSource): Observable<Features> =>
    imageBatches(batch)(source).pipe(
      concatMap(({ images }) => model.features(images)),
      toArray(),
      map(stackRows),
    )

/** The figures, and the digits after the point that mean something. */
const figuresOf = (seen: Features, known: Features): readonly Row[] => {
  const { distance, deviation } = kernelDistance(seen, known)
  const { precision, recall } = precisionRecall(seen, known)
  return [
    { measure: 'Fréchet distance', value: frechetDistance(momentsOf(seen), momentsOf(known)) },
    { measure: 'kernel distance', value: distance, deviation },
    { measure: 'precision', value: precision },
    { measure: 'recall', value: recall },
  ]
}

const digits: ReadonlyMap<unknown, number> = new Map([
  ['Fréchet distance', 4],
  ['kernel distance', 5],
])

const line = ({ measure = '', value, deviation }: Row): string => {
  const show = (figure: number | string): string => Number(figure).toFixed(digits.get(measure) ?? 3)
  return `${String(measure).padEnd(18)}${show(value ?? NaN)}${deviation === undefined ? '' : ` ± ${show(deviation)}`}\n`
}

/**
 * Prints how far samples are from data.
 *
 * @param flags - as the command line has them
 * @param context - where the figures and words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const evaluateCommand = (flags: EvaluateFlags, context: TableContext): Promise<number> =>
  carryOut(
    prepare(flags),
    (prepared) => {
      const { samples, data, engine, files } = prepared
      return tabulate(
        {
          about: `${many(samples.count, 'sample')} of ${samples.name} against ${many(data.count, 'image')} of ${data.name}`,
          engine,
          files,
          line,
          rows$: concat(look(prepared)(samples), look(prepared)(data)).pipe(
            toArray(),
            concatMap(([seen, known]) =>
              seen === undefined || known === undefined ? [] : figuresOf(seen, known),
            ),
          ),
        },
        context,
      )
    },
    context,
  )
