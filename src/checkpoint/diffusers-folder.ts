/**
 * A pretrained model as diffusers lays it out: a folder with `config.json`, `diffusion_pytorch_model.safetensors` and
 * `scheduler_config.json`, or a pipeline's folder that has them under `unet/` and `scheduler/`.
 */
import { join } from 'node:path'
import { fail, type FailureOf } from '../failure.ts'
import { E, TE, pipe } from '../fp.ts'
import { currentName } from './key-names.ts'
import { type DiffusersManifest, isNetworkManifest, parseManifest } from './manifest.ts'
import { fileKind, listFolder, readText } from './read-file.ts'
import { readJson } from './read-json.ts'
import { openSafetensors } from './safetensors-file.ts'
import type { SafetensorsFailure, StoredTensor } from './safetensors-file.ts'
import { decodeSchedulerConfig } from './scheduler-config.ts'
import type { SchedulerConfig } from './scheduler-config.ts'
import { LARGEST_YAML } from './yaml.ts'

/** Why a checkpoint's folder could not be opened. */
export type FolderFailure = SafetensorsFailure | FailureOf<'ConfigInvalid'>

/** A checkpoint whose weights have not been read yet. */
export interface DiffusersFolder {
  /** The folder, as it was asked for. */
  readonly path: string
  /** Where `config.json` lies, for failures that speak of it. */
  readonly configPath: string
  /** The network's `config.json`, as it stands there. */
  readonly config: unknown
  /** Where the weights lie, for failures that speak of them. */
  readonly weightsPath: string
  /** By today's names, in the order of the file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** Where `scheduler_config.json` lies or would lie, for failures that speak of it. */
  readonly schedulerPath: string
  /** Left out, where the folder has no `scheduler_config.json`; diffusers would then take its defaults. */
  readonly scheduler?: SchedulerConfig
  /** Where `model.yaml` lies or would lie, for failures that speak of it. */
  readonly manifestPath: string
  /** Empty, where the folder has no `model.yaml` beside the weights. */
  readonly manifest: DiffusersManifest
}

type Step<A> = TE.TaskEither<FolderFailure, A>

const WEIGHTS = 'diffusion_pytorch_model.safetensors'
/** In bytes; a schedule's million βs would not fit, and no config has that many. */
const LARGEST_CONFIG = 2 ** 20

/**
 * Opens a checkpoint's folder.
 *
 * @remarks
 * Reads the settings and the header of the weights. A tensor is read when its `read` runs. Attention weights under their names of 2022
 * (`query`, `key`, `value`, `proj_attn`) appear under today's.
 *
 * @param path - of the folder
 * @returns FileUnreadable, ConfigInvalid or SafetensorsInvalid, with the path of the file that is to blame
 *
 * @example
 * ```ts
 * const folder = await openDiffusersFolder('no/such/folder')()
 * expect(folder).toMatchObject(E.left({ message: "no/such/folder can't be read: it does not exist." }))
 * ```
 */
export const openDiffusersFolder = (path: string): TE.TaskEither<FolderFailure, DiffusersFolder> =>
  pipe(
    fileKind(path),
    TE.chain((kind): Step<boolean> => {
      if (kind === 'nothing') return TE.left(fail('FileUnreadable', { path, reason: 'it does not exist' }))
      if (kind === 'folder') return isPipeline(path)
      const what = kind === 'file' ? 'a file' : 'a pipe or a device'
      return TE.left(fail('FileUnreadable', { path, reason: `it is ${what}, not the folder of a model` }))
    }),
    TE.chain((pipeline) => openParts(path, pipeline)),
  )

const isPipeline = (path: string): Step<boolean> =>
  pipe(
    fileKind(join(path, 'model_index.json')),
    TE.map((kind) => kind === 'file'),
  )

const openParts = (path: string, pipeline: boolean): Step<DiffusersFolder> => {
  const network = pipeline ? join(path, 'unet') : path
  const configPath = join(network, 'config.json')
  const weightsPath = join(network, WEIGHTS)
  const schedulerPath = join(pipeline ? join(path, 'scheduler') : path, 'scheduler_config.json')
  const manifestPath = join(network, 'model.yaml')
  return pipe(
    TE.Do,
    TE.apS('path', TE.right(path)),
    TE.apS('configPath', TE.right(configPath)),
    TE.bind('config', () => readJson(configPath, LARGEST_CONFIG)),
    TE.apS('weightsPath', TE.right(weightsPath)),
    TE.bind('tensors', () => openWeights(network, weightsPath)),
    TE.apS('schedulerPath', TE.right(schedulerPath)),
    TE.bind('scheduler', () =>
      ifPresent<SchedulerConfig | undefined>(schedulerPath, undefined, () =>
        pipe(readJson(schedulerPath, LARGEST_CONFIG), TE.chainEitherKW(decodeSchedulerConfig(schedulerPath))),
      ),
    ),
    TE.apS('manifestPath', TE.right(manifestPath)),
    TE.bind('manifest', () =>
      ifPresent<DiffusersManifest>(manifestPath, {}, () =>
        pipe(
          readText(manifestPath, LARGEST_YAML),
          TE.chainEitherKW((text) => diffusersManifest(manifestPath, text)),
        ),
      ),
    ),
    TE.map(({ scheduler, ...folder }) => ({ ...folder, ...(scheduler && { scheduler }) })),
  )
}

const diffusersManifest = (
  path: string,
  text: string,
): E.Either<FailureOf<'ConfigInvalid'>, DiffusersManifest> =>
  pipe(
    parseManifest(path, text),
    E.chain((manifest) =>
      isNetworkManifest(manifest)
        ? E.left(
            fail('ConfigInvalid', { path, reason: `it is about the kind ${manifest.kind}, not diffusers` }),
          )
        : E.right(manifest),
    ),
  )

const ifPresent = <A>(path: string, otherwise: A, read: () => Step<A>): Step<A> =>
  pipe(
    fileKind(path),
    TE.chain((kind): Step<A> => (kind === 'nothing' ? TE.right(otherwise) : read())),
  )

const openWeights = (folder: string, path: string): Step<ReadonlyMap<string, StoredTensor>> =>
  pipe(
    fileKind(path),
    TE.chain((kind) => (kind === 'nothing' ? missingWeights(folder, path) : openSafetensors(path))),
    TE.chainEitherKW(({ tensors }) => renamed(path, tensors)),
  )

/** Says which weights there are instead, since those are what people have. */
const missingWeights = (folder: string, path: string): Step<never> =>
  pipe(
    listFolder(folder),
    TE.chain((names) => {
      const others = names.filter((name) => name.startsWith('diffusion_pytorch_model'))
      const instead = others.length === 0 ? '' : `; the folder has ${others.join(', ')} instead`
      return TE.left(fail('FileUnreadable', { path, reason: `it does not exist${instead}` }))
    }),
  )

const renamed = (
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
): E.Either<FailureOf<'SafetensorsInvalid'>, ReadonlyMap<string, StoredTensor>> => {
  const byName = new Map([...tensors].map(([name, tensor]) => [currentName(name), tensor]))
  return byName.size === tensors.size
    ? E.right(byName)
    : E.left(
        fail('SafetensorsInvalid', {
          path,
          reason: 'it has an attention weight under two names, an old and a new one',
        }),
      )
}
