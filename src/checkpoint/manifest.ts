/**
 * `model.yaml`: what people want to know of a checkpoint and diffusers has no place for; and for networks of other kinds,
 * all that has to be known to sample them.
 */
import * as t from 'io-ts'
import { showShape, sizeOf } from '../algebra/shape.ts'
import { listOf, oneOf, wholeFrom, words } from '../codecs.ts'
import { decodeConfig } from '../decode-config.ts'
import { fail, type FailureOf } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { isRecord } from '../json.ts'
import { closed } from '../named-settings.ts'
import {
  type DecoderManifest,
  decoderCodec,
  networkCodec,
  networkKinds,
  type NetworkManifest,
} from './manifest-network.ts'
import { parseYaml } from './yaml.ts'

/** What diffusers has no place for. */
export interface DiffusersManifest {
  readonly kind?: 'diffusers'
  /** The names of the classes; `labels[i]` is class i. */
  readonly labels?: readonly string[]
  /** The class that stands for "no label", from 0. */
  readonly unconditional?: number
  /** What makes images of latents. */
  readonly decoder?: DecoderManifest
}

/** The contents of a `model.yaml`. */
export type Manifest = DiffusersManifest | NetworkManifest

/**
 * Whether a manifest describes a network that is no diffusers checkpoint.
 *
 * @example
 * ```ts
 * expect(isNetworkManifest({ labels: ['cat', 'dog'] })).toBe(false)
 * ```
 */
export const isNetworkManifest = (manifest: Manifest): manifest is NetworkManifest =>
  networkKinds.some((kind) => kind === manifest.kind)

const diffusersCodec: t.Type<DiffusersManifest> = closed(
  {},
  {
    kind: oneOf('diffusers'),
    labels: listOf('names', words),
    unconditional: wholeFrom(0),
    decoder: decoderCodec,
  },
)

/** More than any machine has room for a few of. */
const LARGEST_SAMPLE = 2 ** 31

const kinds = oneOf('diffusers', ...networkKinds)

/** By the kind; what says nothing speaks of a diffusers checkpoint. */
const codecOf = (value: unknown): t.Decoder<unknown, Manifest> => {
  const kind = isRecord(value) ? value['kind'] : undefined
  if (kind === undefined || kind === 'diffusers') return diffusersCodec
  return kinds.is(kind) ? networkCodec : (t.type({ kind: kinds }) as unknown as t.Decoder<unknown, never>)
}

/** What the codecs can't see, since it is about several settings. */
const disagreement = (manifest: Manifest): string | undefined => {
  const { labels = [], unconditional } = manifest
  if (new Set(labels).size < labels.length) return 'labels has one name twice'
  if (!isNetworkManifest(manifest)) return undefined
  const { condition, inputs, learnedVariance = false, range = [-1, 1], prediction, schedule, time } = manifest
  if (sizeOf(manifest.shape) > LARGEST_SAMPLE)
    return `shape is ${showShape(manifest.shape)}, more than the ${LARGEST_SAMPLE} values that a sample may have`
  if ((prediction === 'flow') !== (schedule.kind === 'flow'))
    return `prediction is ${prediction} and schedule.kind ${schedule.kind}, and a flow is both or neither`
  if (prediction === 'flow' && time?.as !== undefined)
    return `time.as is ${time.as}, and a flow is told its own time; scale and offset can be said of that`
  const known = Math.max(labels.length, (unconditional ?? -1) + 1)
  const conditional = condition !== undefined || inputs?.labels !== undefined
  const classes = condition?.classes ?? known
  if (conditional && classes === 0)
    return 'condition.classes is missing, and there are no labels that could be counted'
  if (classes < known) return `it speaks of ${known} classes, and condition.classes says ${classes}`
  if (learnedVariance && range !== null && range[1] - range[0] !== 2)
    return 'learnedVariance goes only with data in a range of width 2, such as [-1, 1]'
  return undefined
}

/**
 * Reads a `model.yaml`. An empty file says nothing, and that is fine.
 *
 * @param path - what to call the file in a failure
 * @param text - its contents
 * @returns ConfigInvalid for text that is not YAML, unknown settings, settings that are not possible, and settings that
 * disagree; its path ends in `:line:column`, where there is one place to look at
 *
 * @example
 * ```ts
 * expect(parseManifest('model.yaml', 'labels: [cat, dog]')).toEqual(E.right({ labels: ['cat', 'dog'] }))
 * const network = `
 *   kind: onnx
 *   shape: [32, 32, 3]
 *   schedule: { kind: cosin, trainedSteps: 300 }
 *   prediction: epsilon`
 * expect(parseManifest('model.yaml', network)).toMatchObject(
 *   E.left({ reason: expect.stringContaining('schedule.kind is "cosin", not one of') }),
 * )
 * ```
 */
export const parseManifest = (path: string, text: string): E.Either<FailureOf<'ConfigInvalid'>, Manifest> =>
  pipe(
    parseYaml(text),
    E.mapLeft(({ line, column, reason }) =>
      fail('ConfigInvalid', { path: `${path}:${line}:${column}`, reason }),
    ),
    E.chain(({ value, placeOf }) => {
      const settings = value ?? {}
      return pipe(settings, decodeConfig(path, codecOf(settings), { placeOf }))
    }),
    E.chain((manifest) => {
      const reason = disagreement(manifest)
      return reason === undefined ? E.right(manifest) : E.left(fail('ConfigInvalid', { path, reason }))
    }),
  )
