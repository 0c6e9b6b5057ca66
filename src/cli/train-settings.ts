/**
 * The recipe of a training: a file's settings, with the default model's for what it leaves out.
 */
import * as t from 'io-ts'
import { readText } from '../checkpoint/read-file.ts'
import { LARGEST_YAML, parseYaml } from '../checkpoint/yaml.ts'
import { numberIn, oneOf, wholeFrom, yesOrNo } from '../codecs.ts'
import type { PredictionType } from '../diffusion/estimate.ts'
import type { Variance } from '../diffusion/rule.ts'
import { decodeConfig } from '../decode-config.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { closed } from '../named-settings.ts'

const codec: t.Decoder<unknown, TrainFile> = closed(
  {},
  {
    /** How many updates. */
    steps: wholeFrom(1),
    /** How many images each learns from. */
    batch: wholeFrom(1, 65_536),
    seed: wholeFrom(0),
    /** The largest learning rate, the updates that it takes to get there, and what stays in the end. */
    rate: numberIn(0),
    warmup: wholeFrom(0),
    floor: numberIn(0),
    weightDecay: numberIn(0),
    beta1: numberIn(0, 1),
    beta2: numberIn(0, 1),
    /** The most that the norm of all gradients may be. */
    clip: numberIn(0),
    /** How much of the average of the weights stays, once it is warm. */
    ema: numberIn(0, 1),
    /** The share of labels that become the one for "none". */
    dropLabels: numberIn(0, 1),
    timesteps: oneOf('uniform', 'antithetic', 'loss-aware'),
    predicts: oneOf('epsilon', 'sample', 'v_prediction'),
    weighting: oneOf('none', 'min-snr'),
    /** Learned, the network says a variance beside its prediction, with twice the channels. */
    variance: oneOf('fixed-small', 'fixed-large', 'learned-range'),
    /** λ of `L_simple + λ·L_vlb`, which a learned variance is taught by. */
    boundWeight: numberIn(0),
    flip: yesOrNo,
    /** By how many pixels images are moved at most. */
    crop: wholeFrom(0, 64),
    /** The share of the images that is not learned from. */
    holdOut: numberIn(0, 0.9),
    damaged: oneOf('refuse', 'skip'),
    checkpointEvery: wholeFrom(1),
    keep: wholeFrom(1),
    sampleEvery: wholeFrom(1),
    /** What differs from the default model's config.json. */
    network: t.UnknownRecord,
  },
)

/** The recipe as a file has it: what is left out is the default model's. */
export interface TrainFile {
  readonly steps?: number
  readonly batch?: number
  readonly seed?: number
  readonly rate?: number
  readonly warmup?: number
  readonly floor?: number
  readonly weightDecay?: number
  readonly beta1?: number
  readonly beta2?: number
  readonly clip?: number
  readonly ema?: number
  readonly dropLabels?: number
  readonly timesteps?: 'uniform' | 'antithetic' | 'loss-aware'
  readonly predicts?: PredictionType
  readonly weighting?: 'none' | 'min-snr'
  readonly variance?: Extract<Variance, 'fixed-small' | 'fixed-large' | 'learned-range'>
  readonly boundWeight?: number
  readonly flip?: boolean
  readonly crop?: number
  readonly holdOut?: number
  readonly damaged?: 'refuse' | 'skip'
  readonly checkpointEvery?: number
  readonly keep?: number
  readonly sampleEvery?: number
  readonly network?: Readonly<Record<string, unknown>>
}

/** The whole recipe. */
export type TrainSettings = Required<TrainFile>

const defaults: TrainSettings = {
  steps: 3000,
  batch: 64,
  seed: 0,
  rate: 2e-3,
  warmup: 300,
  floor: 1e-5,
  weightDecay: 1e-4,
  beta1: 0.9,
  beta2: 0.99,
  clip: 1,
  ema: 0.999,
  dropLabels: 0.1,
  timesteps: 'uniform',
  predicts: 'epsilon',
  weighting: 'none',
  variance: 'fixed-small',
  boundWeight: 0.001,
  flip: false,
  crop: 0,
  holdOut: 0.01,
  damaged: 'refuse',
  checkpointEvery: 250,
  keep: 3,
  sampleEvery: 500,
  network: {},
}

/**
 * Reads a recipe.
 *
 * @param path - of the YAML file; none, for the defaults
 * @param said - what the command line says, which goes before
 * @returns ConfigInvalid with the place in the file, or FileUnreadable
 */
export const readTrainSettings = (
  path: string | undefined,
  said: TrainFile,
): TE.TaskEither<Failure, TrainSettings> =>
  pipe(
    path === undefined
      ? TE.right<Failure, TrainFile>({})
      : pipe(
          readText(path, LARGEST_YAML),
          TE.chainEitherKW((text) =>
            pipe(
              parseYaml(text),
              E.mapLeft(({ line, column, reason }): Failure =>
                fail('ConfigInvalid', { path: `${path}:${String(line)}:${String(column)}`, reason }),
              ),
              E.chainW(({ value, placeOf }) => decodeConfig(path, codec, { placeOf })(value ?? {})),
            ),
          ),
        ),
    TE.map((file): TrainSettings => ({ ...defaults, ...file, ...said })),
  )
