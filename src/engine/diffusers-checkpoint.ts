/**
 * A diffusers folder, checked against itself before anything runs.
 */
import { totalmem } from 'node:os'
import type { Values } from '../algebra/algebra.ts'
import { checkTensors } from '../checkpoint/check-tensors.ts'
import type { DiffusersFolder } from '../checkpoint/diffusers-folder.ts'
import type { StoredTensor } from '../checkpoint/safetensors-file.ts'
import { schedulerDefaults } from '../checkpoint/scheduler-config.ts'
import { trainedSchedule } from '../checkpoint/trained-schedule.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Labels } from '../model/denoiser.ts'
import { type Inspection, inspectUNet2D } from '../model/inspection.ts'
import { decodeUNet2DConfig, type UNet2DConfig } from '../model/unet2d-config.ts'
import type { Trained } from '../model/tensor-denoiser.ts'
import type { Checkpoint } from './engine.ts'

/** Classes, and whether it is a guess that the last stands for "none". */
interface KnownLabels {
  readonly labels?: Labels
  readonly guessed: boolean
}

/**
 * Its classes. The last stands for "none", as in every peer's class-conditional model, unless model.yaml says otherwise or
 * has a name for it.
 */
const labelsOf = (
  { num_class_embeds: count, class_embed_type }: UNet2DConfig,
  { configPath, manifestPath, manifest }: DiffusersFolder,
): E.Either<Failure, KnownLabels> => {
  if (count === null)
    return class_embed_type === null
      ? E.right({ guessed: false })
      : E.left(
          fail('ConfigInvalid', {
            path: configPath,
            reason: `class_embed_type is ${class_embed_type}, and num_class_embeds does not say how many classes there are`,
          }),
        )
  const { labels: names } = manifest
  const guess = names?.length === count ? undefined : count - 1
  const unconditional = manifest.unconditional ?? guess
  if ((names?.length ?? 0) > count || (unconditional ?? 0) >= count)
    return E.left(
      fail('ConfigInvalid', {
        path: manifestPath,
        reason: `it speaks of more classes than the ${String(count)} of config.json`,
      }),
    )
  const labels = { count, ...(unconditional !== undefined && { unconditional }), ...(names && { names }) }
  return E.right({ labels, guessed: manifest.unconditional === undefined && guess !== undefined })
}

/** Reads the tensors that a network needs. */
const readWeights = (
  tensors: ReadonlyMap<string, StoredTensor>,
): TE.TaskEither<Failure, Checkpoint['weights']> =>
  pipe(
    [...tensors],
    TE.traverseSeqArray(([name, { shape, float32 }]) =>
      pipe(
        float32,
        TE.map((data): readonly [string, Values] => [name, { shape, data }]),
      ),
    ),
    TE.map((values) => {
      const byName = new Map(values)
      return (name) => byName.get(name)!
    }),
  )

/** What is known of a checkpoint before its weights are read. */
export interface CheckedFolder {
  readonly config: UNet2DConfig
  readonly network: Inspection
  /** Those that the network needs. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly trained: Trained
  /** Guesses, a sentence each, that people should know of. */
  readonly guesses: readonly string[]
}

/** Checks everything against everything. */
export const checkFolder = (folder: DiffusersFolder): E.Either<Failure, CheckedFolder> =>
  pipe(
    E.Do,
    E.bindW('config', () => decodeUNet2DConfig(folder.configPath)(folder.config)),
    E.bindW('network', ({ config }) => inspectUNet2D(config)),
    E.bindW('tensors', ({ network }) => checkTensors(folder.weightsPath, network.parameters, folder.tensors)),
    E.let('scheduler', () => folder.scheduler ?? schedulerDefaults),
    E.bindW('schedule', ({ scheduler }) => trainedSchedule(folder.schedulerPath, scheduler)),
    E.bindW('known', ({ config }) => labelsOf(config, folder)),
    E.map(({ scheduler, schedule, known: { labels, guessed }, ...checked }) => {
      const { prediction_type: predicts, clip_sample: clips, clip_sample_range: range } = scheduler
      return {
        ...checked,
        guesses:
          guessed && labels !== undefined
            ? [
                `The last of the ${String(labels.count)} classes is taken for "none"; ` +
                  `${folder.manifestPath} can say otherwise (unconditional: N).`,
              ]
            : [],
        trained: {
          predicts,
          schedule,
          ...(clips ? { range } : {}),
          ...(labels === undefined ? {} : { labels }),
        },
      }
    }),
  )

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toPrecision(3)} GB`

/** Refuses what could not run on any engine of this machine. */
const fits = (
  { configPath }: DiffusersFolder,
  { config, network }: CheckedFolder,
): E.Either<Failure, void> => {
  const [needed, there] = [network.widest * Float32Array.BYTES_PER_ELEMENT, totalmem()]
  return needed <= there
    ? E.right(undefined)
    : E.left(
        fail('ConfigInvalid', {
          path: configPath,
          reason:
            `sample_size is ${config.sample_size.join('×')}, and for a single image a layer takes ` +
            `${gigabytes(needed)}, more than the ${gigabytes(there)} of this machine`,
        }),
      )
}

/** Checks everything against everything, then reads the weights. */
export const readCheckpoint = (
  folder: DiffusersFolder,
): TE.TaskEither<Failure, Checkpoint & Pick<CheckedFolder, 'guesses'>> =>
  pipe(
    checkFolder(folder),
    E.chainFirst((checked) => fits(folder, checked)),
    TE.fromEither,
    TE.chain(({ config, trained, tensors, guesses }) =>
      pipe(
        readWeights(tensors),
        TE.map((weights) => ({ config, weights, trained, guesses })),
      ),
    ),
  )
