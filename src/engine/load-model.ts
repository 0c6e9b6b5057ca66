/**
 * From a path to a model that an engine runs.
 */
import { fileURLToPath } from 'node:url'
import type { Values } from '../algebra/algebra.ts'
import { checkTensors } from '../checkpoint/check-tensors.ts'
import { type DiffusersFolder, openDiffusersFolder } from '../checkpoint/diffusers-folder.ts'
import { findModel } from '../checkpoint/find-model.ts'
import type { StoredTensor } from '../checkpoint/safetensors-file.ts'
import { trainedSchedule } from '../checkpoint/trained-schedule.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Labels } from '../model/denoiser.ts'
import { inspectUNet2D } from '../model/inspection.ts'
import { decodeUNet2DConfig, type UNet2DConfig } from '../model/unet2d-config.ts'
import type { Checkpoint, Engine, Model } from './engine.ts'
import { loadNetwork } from './load-network.ts'
import { withDecoder } from './network-decoder.ts'

/**
 * The folder of the model that comes with the package: clothes, learned from Fashion-MNIST.
 *
 * @example
 * ```ts
 * expect(defaultModel).toMatch(/fashion-mnist$/)
 * ```
 */
export const defaultModel: string = fileURLToPath(
  new URL('../../pipelines/models/fashion-mnist', import.meta.url),
)

/** Its classes; the last stands for "none" unless model.yaml says otherwise, as in every peer's class-conditional model. */
const labelsOf = (
  { num_class_embeds: count, class_embed_type }: UNet2DConfig,
  { configPath, manifestPath, manifest }: DiffusersFolder,
): E.Either<Failure, Labels | undefined> => {
  if (count === null)
    return class_embed_type === null
      ? E.right(undefined)
      : E.left(
          fail('ConfigInvalid', {
            path: configPath,
            reason: `class_embed_type is ${class_embed_type}, and num_class_embeds does not say how many classes there are`,
          }),
        )
  const { labels: names, unconditional = count - 1 } = manifest
  if ((names?.length ?? 0) > count || unconditional >= count)
    return E.left(
      fail('ConfigInvalid', {
        path: manifestPath,
        reason: `it speaks of more classes than the ${String(count)} of config.json`,
      }),
    )
  return E.right({ count, unconditional, ...(names === undefined ? {} : { names }) })
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

/** Checks everything against everything, then reads the weights. */
const readCheckpoint = (folder: DiffusersFolder): TE.TaskEither<Failure, Checkpoint> =>
  pipe(
    E.Do,
    E.bindW('config', () => decodeUNet2DConfig(folder.configPath)(folder.config)),
    E.bindW('network', ({ config }) => inspectUNet2D(config)),
    E.bindW('tensors', ({ network }) => checkTensors(folder.weightsPath, network.parameters, folder.tensors)),
    E.bindW('schedule', () => trainedSchedule(folder.schedulerPath, folder.scheduler)),
    E.bindW('labels', ({ config }) => labelsOf(config, folder)),
    TE.fromEither,
    TE.bindW('weights', ({ tensors }) => readWeights(tensors)),
    TE.map(({ config, schedule, labels, weights }) => {
      const { prediction_type: predicts, clip_sample: clips, clip_sample_range: range } = folder.scheduler
      return {
        config,
        weights,
        trained: {
          predicts,
          schedule,
          ...(clips ? { range } : {}),
          ...(labels === undefined ? {} : { labels }),
        },
      }
    }),
  )

/** A diffusers checkpoint, by the engine itself. */
const loadDiffusers =
  (engine: Engine) =>
  (path: string): TE.TaskEither<Failure, Model> =>
    pipe(
      openDiffusersFolder(path),
      TE.chainW((folder) =>
        pipe(
          readCheckpoint(folder),
          TE.chain(engine.load),
          TE.chain(withDecoder(folder.manifestPath, folder.manifest.decoder)),
        ),
      ),
    )

/**
 * Loads a model: from a folder as diffusers writes it (`config.json`, `diffusion_pytorch_model.safetensors` and
 * `scheduler_config.json`), or a network of another kind, which a `model.yaml` beside it describes (see
 * {@link NetworkManifest}). Everything is checked against everything before anything runs.
 *
 * @param engine - what is to run it; ONNX files run on onnxruntime, and models of tfjs on the engine's backend
 * @param path - of the folder, of an `.onnx` file, or of a `model.json`; that of the default model unless said
 * @returns the model, which the caller disposes of; or FileUnreadable, ConfigInvalid, SafetensorsInvalid, TensorMissing,
 * TensorShape, ScheduleInvalid, EngineUnavailable where a library is missing, or ModelRejected
 *
 * @example
 * ```ts
 * const engine = await orThrow(openEngine('onnx'))
 * using model = await orThrow(loadModel(engine))
 * expect(model.labels?.names?.[7]).toBe('sneaker')
 * ```
 */
export const loadModel = (engine: Engine, path: string = defaultModel): TE.TaskEither<Failure, Model> =>
  pipe(
    findModel(path),
    TE.chain((found) =>
      found.kind === 'diffusers' ? loadDiffusers(engine)(found.path) : loadNetwork(found),
    ),
  )
