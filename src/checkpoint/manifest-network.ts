/**
 * What `model.yaml` says of a network that is no diffusers checkpoint: how to ask it, and what its answers mean.
 */
import * as t from 'io-ts'
import { listOf, nullOr, numberIn, oneOf, wholeFrom, words, yesOrNo } from '../codecs.ts'
import type { PredictionType } from '../diffusion/estimate.ts'
import type { Layout } from '../model/denoiser-of.ts'
import type { DataRange } from '../diffusion/ranged-schedule.ts'
import { type TimeCode, timeMeasures } from '../model/time-code.ts'
import { closed } from '../named-settings.ts'
import { scheduleCodec, type ScheduleSettings } from './manifest-schedule.ts'

/** The kinds of file that a network can come in, beside diffusers' folders. */
export const networkKinds = ['onnx', 'tfjs-graph', 'tfjs-layers'] as const

/** A kind of file. */
export type NetworkKind = (typeof networkKinds)[number]

/** How the time is shaped: one number for the batch, `[rows]`, `[rows, 1]`, or an image of one channel. */
export type TimeShape = 'scalar' | 'vector' | 'column' | 'image'

/** A network that makes images of latents. */
export interface DecoderManifest {
  readonly kind: NetworkKind
  /** Beside `model.yaml`; `decoder.onnx`, or `decoder/model.json`, unless said. */
  readonly file?: string
  /** How it takes and gives images; as the network unless said. */
  readonly layout?: Layout
  /** Where its images lie; `[−1, 1]` unless said. */
  readonly range?: DataRange
  /** Latents are divided by it first; 1 unless said. */
  readonly scalingFactor?: number
  /** The name of its input; the only one unless said. */
  readonly input?: string
  /** The name of its output; the first unless said. */
  readonly output?: string
}

/** What a network beside `model.yaml` is, and how it is asked. */
export interface NetworkManifest {
  /** What the file is. */
  readonly kind: NetworkKind
  /** Beside `model.yaml`; `model.onnx` or `model.json` unless said. */
  readonly file?: string
  /** Of one sample: `[height, width, channels]`, whatever the layout. */
  readonly shape: readonly number[]
  /** How the network takes and gives images; NCHW for onnx, NHWC for tfjs unless said. */
  readonly layout?: Layout
  /** Where the data lie, `[−1, 1]` unless said; null for latents, which have no bounds. */
  readonly range?: DataRange | null
  readonly schedule: ScheduleSettings
  /** What it answers; a `flow` velocity goes with the schedule `flow`, and is told `scale·s + offset`. */
  readonly prediction: PredictionType | 'flow'
  /** Whether it gives twice as many channels, the second half a learned variance. */
  readonly learnedVariance?: boolean
  /** How it is told the time: as t (rounded, where the input takes only whole numbers), in the shape of its input, unless said. */
  readonly time?: TimeCode & { readonly shape?: TimeShape }
  /** How it is told the class; left out, it knows none, unless there are labels or an input for them. */
  readonly condition?: { readonly as?: 'integer' | 'one-hot'; readonly classes?: number }
  /** The names of the classes; `labels[i]` is class i. */
  readonly labels?: readonly string[]
  /** The class that stands for "no label", from 0. */
  readonly unconditional?: number
  /** Names of the network's inputs; in this order unless said. */
  readonly inputs?: { readonly x?: string; readonly t?: string; readonly labels?: string }
  /** Name of the network's output; the first unless said. */
  readonly output?: string
  readonly decoder?: DecoderManifest
}

/** Classes are counted out one by one. */
const MOST_CLASSES = 1_000_000

const layout = oneOf('NHWC', 'NCHW')

const isRange = (value: unknown): value is DataRange =>
  Array.isArray(value) &&
  value.length === 2 &&
  value.every((end) => Number.isFinite(end)) &&
  Number(value[0]) < Number(value[1])

const range = new t.Type<DataRange>(
  'two numbers that rise, such as [-1, 1]',
  isRange,
  (value, context) => (isRange(value) ? t.success(value) : t.failure(value, context)),
  t.identity,
)

/** The codec of a decoder. */
export const decoderCodec: t.Type<DecoderManifest> = closed(
  { kind: oneOf(...networkKinds) },
  { file: words, layout, range, scalingFactor: numberIn(1e-9), input: words, output: words },
)

/** The codec of a network. */
export const networkCodec: t.Type<NetworkManifest> = closed(
  {
    kind: oneOf(...networkKinds),
    shape: listOf('whole numbers, such as [28, 28, 1]', wholeFrom(1), 4),
    schedule: scheduleCodec,
    prediction: oneOf<PredictionType | 'flow'>('epsilon', 'sample', 'v_prediction', 'flow'),
  },
  {
    file: words,
    layout,
    range: nullOr(range),
    learnedVariance: yesOrNo,
    time: closed(
      {},
      {
        as: oneOf(...timeMeasures),
        scale: numberIn(),
        offset: numberIn(),
        shape: oneOf('scalar', 'vector', 'column', 'image'),
      },
    ),
    condition: closed({}, { as: oneOf('integer', 'one-hot'), classes: wholeFrom(1, MOST_CLASSES) }),
    labels: listOf('names', words),
    unconditional: wholeFrom(0, MOST_CLASSES - 1),
    inputs: closed({}, { x: words, t: words, labels: words }),
    output: words,
    decoder: decoderCodec,
  },
)
