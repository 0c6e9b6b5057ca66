/**
 * What is known of a model without loading it, or any tensor library.
 */
import { attempt } from '../attempt.ts'
import { openDiffusersFolder } from '../checkpoint/diffusers-folder.ts'
import { findModel, type FoundNetwork, manifestMissing } from '../checkpoint/find-model.ts'
import type { NetworkManifest } from '../checkpoint/manifest-network.ts'
import { flowOptions, manifestSchedule } from '../checkpoint/manifest-schedule.ts'
import { withFile } from '../checkpoint/read-file.ts'
import { checkFolder } from '../engine/diffusers-checkpoint.ts'
import { manifestLabels } from '../engine/network-binding.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Denoiser } from '../model/denoiser.ts'
import { flowDenoiser } from '../model/flow.ts'
import { normalized } from '../model/normalized.ts'
import type { ModelFacts } from '../pipeline/compile.ts'

const ofDiffusers = (path: string): TE.TaskEither<Failure, ModelFacts> =>
  pipe(
    openDiffusersFolder(path),
    TE.chainEitherKW((folder) =>
      pipe(
        checkFolder(folder),
        E.map(({ trained, config }) => ({
          ...trained,
          shape: [...config.sample_size, config.in_channels],
          learnedVariance: config.out_channels === 2 * config.in_channels,
        })),
      ),
    ),
  )

const never = (): never => {
  throw new Error('a model of which only facts are known is not asked')
}

const ofManifest = (manifest: NetworkManifest): E.Either<Failure, ModelFacts> =>
  pipe(
    manifestSchedule(manifest.schedule),
    E.chain((schedule) =>
      attempt(() => {
        const { shape, prediction, learnedVariance = false, range = [-1, 1] } = manifest
        const labels = manifestLabels(manifest)
        const known = {
          algebra: {} as Denoiser<never>['algebra'],
          shape,
          learnedVariance,
          ...(labels === undefined ? {} : { labels }),
        }
        const model: Denoiser<never> =
          prediction === 'flow'
            ? flowDenoiser({ ...known, ...flowOptions(manifest.schedule) }, never)
            : { ...known, predicts: prediction, schedule, predict: never }
        return range === null ? model : normalized(range)(model)
      }),
    ),
  )

const ofNetwork = ({ manifest, ...found }: FoundNetwork): TE.TaskEither<Failure, ModelFacts> =>
  manifest === undefined
    ? TE.left(manifestMissing(found))
    : pipe(
        withFile(found.path, () => TE.right(undefined)),
        TE.chainEitherKW(() => ofManifest(manifest)),
      )

/**
 * What is known of a model before it is loaded.
 *
 * @param path - of its folder or file
 * @returns what {@link loadModel} fails with, as far as it can be told without the network's library
 */
export const modelFacts = (path: string): TE.TaskEither<Failure, ModelFacts> =>
  pipe(
    findModel(path),
    TE.chain((found) => (found.kind === 'diffusers' ? ofDiffusers(found.path) : ofNetwork(found))),
  )
