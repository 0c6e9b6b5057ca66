/**
 * From a path to a model that an engine runs.
 */
import { fileURLToPath } from 'node:url'
import { type DiffusersFolder, openDiffusersFolder } from '../checkpoint/diffusers-folder.ts'
import { findModel, type FoundNetwork } from '../checkpoint/find-model.ts'
import type { Failure } from '../failure.ts'
import { pipe, T, TE } from '../fp.ts'
import { readCheckpoint } from './diffusers-checkpoint.ts'
import type { Engine, Model } from './engine.ts'
import { networkFiles, withOrigin } from './fingerprint.ts'

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

// what runs networks of other kinds loads tfjs, and is loaded when there is one

const decoded =
  ({ manifestPath, manifest: { decoder } }: DiffusersFolder) =>
  (model: Model): TE.TaskEither<Failure, Model> =>
    decoder === undefined
      ? TE.right(model)
      : pipe(
          TE.fromTask(() => import('./network-decoder.ts')),
          TE.chain(({ withDecoder }) => withDecoder(manifestPath, decoder)(model)),
        )

const loadNetwork =
  (engine: Engine) =>
  (found: FoundNetwork): TE.TaskEither<Failure, Model> =>
    pipe(
      TE.fromTask(() => import('./load-network.ts')),
      TE.chain((loader) => loader.loadNetwork(found)),
      TE.chainTaskK((model) =>
        pipe(
          networkFiles(found.path),
          T.chain((paths) => withOrigin(engine.name, paths)(model)),
        ),
      ),
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
          TE.chain((checkpoint) =>
            pipe(
              engine.load(checkpoint),
              TE.map((model): Model => ({
                ...model,
                guesses: checkpoint.guesses,
                ...(folder.scheduler && { scheduler: folder.scheduler }),
              })),
            ),
          ),
          TE.chain(decoded(folder)),
          TE.chainTaskK(withOrigin(engine.name, [folder.configPath, folder.weightsPath])),
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
      found.kind === 'diffusers' ? loadDiffusers(engine)(found.path) : loadNetwork(engine)(found),
    ),
  )
