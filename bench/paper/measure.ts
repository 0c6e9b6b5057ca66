/** How the cells are measured. */
import type * as tf from '@tensorflow/tfjs-core'
import { concatMap, count, from, lastValueFrom, range, toArray } from 'rxjs'
import { stackRows } from '../../src/algebra/stack-rows.ts'
import {
  ddim,
  type Denoiser,
  denoise,
  type Features,
  finalSnapshot,
  frechetDistance,
  imageBatches,
  type ImageSource,
  kernelDistance,
  type LoadedClassifier,
  momentsOf,
  philox,
  reconstructionError,
  respace,
  type Rule,
  type Spacing,
  takeImages,
  trailing,
} from '../../src/node.ts'
import {
  type Cell,
  COMMON,
  type QualityCell,
  type ReconstructionCell,
  ruleFor,
  spacings,
  type TimeCell,
} from './cells.ts'
import { median } from '../statistics.ts'

/** How far some samples are from the data. */
export interface Distances {
  readonly images: number
  readonly frechet: number
  /** Of the squared maximum mean discrepancy, with its deviation over blocks. */
  readonly kernel: number
  readonly deviation: number
}

export type Measured =
  | (QualityCell & { readonly distances: readonly Distances[]; readonly calls: number })
  | (ReconstructionCell & { readonly error: number })
  | (TimeCell & { readonly seconds: number })

/** What is measured on. */
export interface Bench {
  readonly model: Denoiser<tf.Tensor>
  readonly classifier: LoadedClassifier
  /** Of the images that samples are compared with. */
  readonly known: Features
  /** Images to take to noise and back. */
  readonly source: ImageSource
}

const SEED = 0
/** Few enough for the caches: more at a time are not faster. */
const ROWS = 32
const CLASSES = 10
/** How often a run is timed, for the median. */
const TIMES = 5

const firstOf = ({ shape, data }: Features, rows: number): Features => ({
  shape: [rows, shape[1]!],
  data: data.subarray(0, rows * shape[1]!),
})

/** Some samples of the seed. */
interface Batch {
  readonly rule: Rule
  readonly spacing: Spacing
  readonly first: number
  readonly rows: number
}

/** Samples `first` to `first + rows − 1` of the seed, the classes in turn. */
const samples = ({ model }: Bench, { rule, spacing, first, rows }: Batch) => {
  const ids = Array.from({ length: rows }, (_, row) => first + row)
  return finalSnapshot(
    respace(model.schedule, spacing).pipe(
      denoise({
        model,
        rule,
        noise: philox({ seed: SEED, samples: ids }),
        condition: { labels: ids.map((id) => id % CLASSES) },
      }),
    ),
  )
}

/** How far features are from those of the data, for the number that all cells have and for all there are. */
export const distancesOf = (seen: Features, known: Features): readonly Distances[] =>
  [...new Set([COMMON, seen.shape[0]!])].map((images) => {
    const some = firstOf(seen, images)
    const { distance, deviation } = kernelDistance(some, known)
    const frechet = frechetDistance(momentsOf(some), momentsOf(known))
    return { images, frechet, kernel: distance, deviation }
  })

const quality = async (bench: Bench, cell: QualityCell): Promise<Measured> => {
  const spacing = spacings[cell.spacing](cell.steps)
  const rule = ruleFor(cell.eta)
  const parts = await lastValueFrom(
    range(0, cell.images / ROWS).pipe(
      concatMap((part) => samples(bench, { rule, spacing, first: part * ROWS, rows: ROWS })),
      concatMap(({ xt }) => bench.classifier.features(xt)),
      toArray(),
    ),
  )
  const calls = await lastValueFrom(respace(bench.model.schedule, spacing).pipe(count()))
  return { ...cell, distances: distancesOf(stackRows(parts), bench.known), calls }
}

const reconstruction = async ({ model, source }: Bench, cell: ReconstructionCell): Promise<Measured> => {
  const batches$ = imageBatches(ROWS)(takeImages(cell.images)(source))
  const { error } = await lastValueFrom(
    batches$.pipe(reconstructionError({ model, spacing: trailing(cell.steps) })),
  )
  return { ...cell, error }
}

const time = async (bench: Bench, cell: TimeCell): Promise<Measured> => {
  const once = (steps: number) =>
    samples(bench, { rule: ddim(), spacing: trailing(steps), first: 0, rows: cell.images })
  await once(10)
  const seconds: number[] = []
  for (let round = 0; round < TIMES; round += 1) {
    const begun = performance.now()
    await once(cell.steps)
    seconds.push((performance.now() - begun) / 1000)
  }
  return { ...cell, seconds: median(seconds) }
}

export const measure = (bench: Bench, cell: Cell): Promise<Measured> =>
  cell.kind === 'quality'
    ? quality(bench, cell)
    : cell.kind === 'reconstruction'
      ? reconstruction(bench, cell)
      : time(bench, cell)

/** The features of all images of a source. */
export const featuresOf = (classifier: LoadedClassifier, source: ImageSource): Promise<Features> =>
  lastValueFrom(
    imageBatches(256)(source).pipe(
      concatMap(({ images }) => from(classifier.features(images))),
      toArray(),
    ),
  ).then(stackRows)
