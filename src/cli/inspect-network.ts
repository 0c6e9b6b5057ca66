/**
 * A network's file, and the manifest beside it or one to start from.
 */
import { basename } from 'node:path'
import type { FoundNetwork } from '../checkpoint/find-model.ts'
import { manifestSchedule } from '../checkpoint/manifest-schedule.ts'
import { readBytes } from '../checkpoint/read-file.ts'
import { openEngine } from '../engine/engines.ts'
import type { Network } from '../engine/network.ts'
import { bind } from '../engine/network-binding.ts'
import { checkDecoder } from '../engine/network-decoder.ts'
import { openNetwork } from '../engine/open-network.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { commented, count, type Facts, labelsFact, portFacts, scheduleFact } from './facts.ts'
import { startingManifest } from './starting-manifest.ts'

const networkFacts = (network: Network): Facts => [
  ...portFacts('inputs', network.inputs),
  ...portFacts('outputs', network.outputs),
  ...(network.parameterCount === undefined ? [] : ([['parameters', count(network.parameterCount)]] as const)),
]

/** The manifest that is there, checked against the network, and its text. */
const described = (
  { kind, path, manifestPath, manifest }: FoundNetwork & Required<Pick<FoundNetwork, 'manifest'>>,
  network: Network,
): TE.TaskEither<Failure, readonly string[]> =>
  pipe(
    E.Do,
    E.bindW('binding', () => bind(manifestPath, manifest, network)),
    E.bindW('schedule', () => manifestSchedule(manifest.schedule)),
    TE.fromEither,
    TE.chainFirstW(() => checkDecoder(manifestPath, manifest.decoder, manifest.shape)),
    TE.bindW('bytes', () => readBytes(manifestPath)),
    TE.map(({ binding, schedule, bytes }) => [
      ...commented(`${path}: ${kind}`, [
        ...networkFacts(network),
        ['schedule', scheduleFact(schedule)],
        ['prediction', manifest.prediction],
        ...(binding.condition === undefined
          ? []
          : ([['labels', labelsFact(binding.condition.labels)]] as const)),
      ]),
      `# ${basename(manifestPath)} is there, and fits the network:`,
      new TextDecoder().decode(bytes),
    ]),
  )

/** Says what a network's file has, line by line. */
export const inspectNetwork = (found: FoundNetwork): TE.TaskEither<Failure, readonly string[]> =>
  pipe(
    // graphs and layers of tfjs want a backend, any one
    found.kind === 'onnx' ? TE.right<Failure, unknown>(undefined) : openEngine('cpu'),
    TE.chainW(() => openNetwork(found.kind, found.path)),
    TE.chainW((network) => {
      const { kind, path, manifest } = found
      const lines =
        manifest === undefined
          ? TE.right([
              ...commented(
                `${path}: ${kind}, and no model.yaml beside it. One to start from:`,
                networkFacts(network),
              ),
              startingManifest(kind, path, network),
            ])
          : described({ ...found, manifest }, network)
      return TE.bracket<Failure, Network, readonly string[]>(
        TE.right(network),
        () => lines,
        () => TE.fromIO(() => network[Symbol.dispose]()),
      )
    }),
  )
