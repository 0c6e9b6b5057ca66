/**
 * `rxdiffusion evaluate`: how far samples are from data, in the features of a classifier.
 */
import { concatMap, lastValueFrom, takeUntil, toArray } from 'rxjs'
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
import { readNumber, readOneOf } from './flags.ts'
import { exitCode } from './exit-code.ts'
import { carryOut, type Context, interruption } from './write-run.ts'

/** The flags as the command line has them. */
export interface EvaluateFlags {
  readonly samples?: string
  readonly data?: string
  readonly limit?: string
  readonly resize?: boolean
  readonly batch: string
  readonly engine: string
}

/** What both sets have to be. */
const SHAPE = [28, 28, 1]

/** The fewest images that a set may have: more than the neighbours that span a manifold. */
const FEWEST = 4

interface Prepared {
  readonly model: LoadedClassifier
  readonly samples: ImageSource
  readonly data: ImageSource
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
              reason: 'The option --samples <path> is needed: a .npy, an IDX file or PNG files',
            }),
          )
        : TE.right(flags.samples),
    ),
    TE.bindW('engine', () => TE.fromEither(readOneOf('--engine', engineNames)(flags.engine))),
    TE.bindW('batch', () =>
      TE.fromEither(readNumber('--batch', { whole: true, least: 1, most: 4096 })(flags.batch)),
    ),
    TE.bindW('limit', () =>
      flags.limit === undefined
        ? TE.right(Infinity)
        : TE.fromEither(readNumber('--limit', { whole: true, least: FEWEST })(flags.limit)),
    ),
    TE.bindW('samples', ({ path, limit }) => openSet(path, flags, limit)),
    TE.bindW('data', ({ limit }) => openSet(flags.data ?? defaultImages, flags, limit)),
    TE.chainFirstW(({ engine }) => openEngine(engine)),
    TE.bindW('model', () => loadClassifier(defaultClassifier)),
  )

const joined = (parts: readonly Features[]): Features => {
  const [first] = parts
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0)
  const size = first?.shape[1] ?? 0
  const data = new Float32Array(rows * size)
  parts.reduce((at, part) => {
    data.set(part.data, at)
    return at + part.data.length
  }, 0)
  return { shape: [rows, size], data }
}

/**
 * Prints how far samples are from data.
 *
 * @param flags - as the command line has them
 * @param print - where the figures go
 * @param context - where words go, and when to stop
 * @returns the exit code; nothing is thrown
 */
export const evaluateCommand = (
  flags: EvaluateFlags,
  print: (text: string) => unknown,
  { terminal, signal }: Omit<Context, 'version'>,
): Promise<number> =>
  carryOut(
    prepare(flags),
    async ({ model, samples, data, batch }) => {
      const look = async (source: ImageSource): Promise<Features> => {
        const parts = await lastValueFrom(
          imageBatches(batch)(source).pipe(
            concatMap(({ images }) => model.features(images)),
            takeUntil(interruption(signal)),
            toArray(),
          ),
        )
        return joined(parts)
      }
      const [seen, known] = [await look(samples), await look(data)]
      if (signal.aborted) {
        terminal.write('Interrupted before everything was seen: there are no figures.\n')
        return exitCode.interrupted
      }
      const { distance, deviation } = kernelDistance(seen, known)
      const { precision, recall } = precisionRecall(seen, known)
      terminal.write(
        `${many(samples.count, 'sample')} of ${samples.name} against ${many(data.count, 'image')} of ${data.name}\n`,
      )
      const figures: ReadonlyArray<readonly [name: string, value: string]> = [
        ['Fréchet distance', frechetDistance(momentsOf(seen), momentsOf(known)).toFixed(4)],
        ['kernel distance', `${distance.toFixed(5)} ± ${deviation.toFixed(5)}`],
        ['precision', precision.toFixed(3)],
        ['recall', recall.toFixed(3)],
      ]
      for (const [name, value] of figures) print(`${name.padEnd(18)}${value}\n`)
      return exitCode.ok
    },
    { terminal },
  )
