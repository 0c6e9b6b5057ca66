/**
 * From a network's file and its manifest to a model.
 */
import { type FoundNetwork, manifestMissing } from '../checkpoint/find-model.ts'
import type { NetworkManifest } from '../checkpoint/manifest-network.ts'
import { manifestSchedule } from '../checkpoint/manifest-schedule.ts'
import { attempt } from '../attempt.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import type { Model } from './engine.ts'
import { bind } from './network-binding.ts'
import { withDecoder } from './network-decoder.ts'
import { networkDenoiser } from './network-denoiser.ts'
import type { Network } from './network.ts'
import { openNetwork } from './open-network.ts'

const describe = (
  network: Network,
  manifestPath: string,
  manifest: NetworkManifest,
): E.Either<Failure, Model> =>
  pipe(
    E.Do,
    E.bindW('binding', () => bind(manifestPath, manifest, network)),
    E.bindW('schedule', () => manifestSchedule(manifest.schedule)),
    E.chainW(({ binding, schedule }) => attempt(() => networkDenoiser(network, manifest, binding, schedule))),
    E.bimap(
      (failure) => {
        network[Symbol.dispose]()
        return failure
      },
      (denoiser) => ({
        ...denoiser,
        [Symbol.dispose]: () => {
          network[Symbol.dispose]()
        },
      }),
    ),
  )

/**
 * Loads a network that a manifest describes.
 *
 * @param found - its file and its manifest
 * @returns the model; or ConfigInvalid where there is no manifest, and what else {@link loadModel} fails with
 */
export const loadNetwork = ({
  kind,
  path,
  manifestPath,
  manifest,
}: FoundNetwork): TE.TaskEither<Failure, Model> =>
  manifest === undefined
    ? TE.left(manifestMissing({ path, manifestPath }))
    : pipe(
        openNetwork(kind, path),
        TE.chainEitherK((network) => describe(network, manifestPath, manifest)),
        TE.chain(withDecoder(manifestPath, manifest.decoder)),
      )
