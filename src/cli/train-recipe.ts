/**
 * What the settings of a recipe come to: a network, how it learns, and what its folder says of it.
 */
import { join } from 'node:path'
import { readJson } from '../checkpoint/read-json.ts'
import { schedulerDefaults } from '../checkpoint/scheduler-config.ts'
import type { ImageSource } from '../data/image-source.ts'
import { linearSchedule } from '../diffusion/schedule.ts'
import { minSnr } from '../diffusion/weighting.ts'
import { defaultModel } from '../engine/load-model.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { isRecord } from '../json.ts'
import type { Labels } from '../model/denoiser.ts'
import { decodeUNet2DConfig } from '../model/unet2d-config.ts'
import { unet2d } from '../model/unet2d.ts'
import type { UNet2DConfig } from '../model/unet2d-options.ts'
import { hybridLoss } from '../train/hybrid-loss.ts'
import type { Learning } from '../train/learning.ts'
import { adamw } from '../train/optimiser.ts'
import { warmedDecay, warmupCosine } from '../train/rate.ts'
import { antitheticTimesteps, lossAwareTimesteps, uniformTimesteps } from '../train/timesteps.ts'
import type { TrainSettings } from './train-settings.ts'
import type { ModelFiles, Recipe } from './training-folder.ts'

/** A `config.json` that nobody has checked yet. */
export type RawConfig = Readonly<Record<string, unknown>>

/** The default model's network, but for what the recipe changes. */
export const rawConfigOf = ({ network, variance }: TrainSettings): TE.TaskEither<Failure, RawConfig> =>
  pipe(
    readJson(join(defaultModel, 'config.json'), 2 ** 20),
    TE.map((config): RawConfig => ({ ...(isRecord(config) ? config : {}), ...network })),
    TE.map((config) => {
      const { in_channels: channels } = config
      if ('out_channels' in network || typeof channels !== 'number') return config
      // a variance has as many channels as what it is the variance of
      return { ...config, out_channels: variance === 'learned-range' ? 2 * channels : channels }
    }),
  )

/**
 * Decodes the network, which has to answer what the recipe asks for.
 *
 * @param path - what to call the recipe in a failure
 */
export const networkOf =
  (path: string, { variance }: TrainSettings) =>
  (config: RawConfig): E.Either<Failure, UNet2DConfig> =>
    pipe(
      decodeUNet2DConfig(path)(config),
      E.chainW((decoded) => {
        const wanted = (variance === 'learned-range' ? 2 : 1) * decoded.in_channels
        return decoded.out_channels === wanted
          ? E.right(decoded)
          : E.left(
              fail('ConfigInvalid', {
                path,
                reason:
                  `out_channels is ${String(decoded.out_channels)}, and with in_channels ${String(decoded.in_channels)} ` +
                  `and the variance ${variance} it has to be ${String(wanted)}`,
              }),
            )
      }),
    )

/** How many classes there are; where the recipe does not say, those of the data and one for "none". */
export const withClasses = (
  config: RawConfig,
  { network }: TrainSettings,
  { labels, classes, name }: ImageSource,
): E.Either<Failure, { readonly config: RawConfig; readonly labels?: Labels }> => {
  const largest = labels === undefined ? -1 : labels.reduce((most, label) => Math.max(most, label), 0)
  const said = network['num_class_embeds']
  const count = said === undefined ? (labels === undefined ? null : largest + 2) : said
  if (typeof count !== 'number') return E.right({ config: { ...config, num_class_embeds: null } })
  if (labels === undefined)
    return E.left(
      fail('ImageUnfit', {
        path: name,
        reason: `it has no labels, and the model has ${String(count)} classes`,
      }),
    )
  if (largest >= count)
    return E.left(
      fail('ImageUnfit', {
        path: name,
        reason: `label ${String(largest)} is among its labels, and the model knows 0 to ${String(count - 1)}`,
      }),
    )
  const unconditional = largest < count - 1 ? count - 1 : undefined
  return E.right({
    config: { ...config, num_class_embeds: count },
    labels: {
      count,
      ...(classes === undefined ? {} : { names: classes }),
      ...(unconditional === undefined ? {} : { unconditional }),
    },
  })
}

const samplers = {
  uniform: () => uniformTimesteps,
  antithetic: () => antitheticTimesteps,
  'loss-aware': () => lossAwareTimesteps(),
}

/** What is learned, and how. */
export const learningOf = (
  settings: TrainSettings,
  config: UNet2DConfig,
  labels: Labels | undefined,
): Learning => {
  const schedule = linearSchedule()
  const learnedVariance = settings.variance === 'learned-range'
  const { predicts, rate: peak, steps, warmup, floor, weightDecay, beta1, beta2, clip } = settings
  const weighting = settings.weighting === 'min-snr' ? { weighting: minSnr() } : {}
  const hybrid = { predicts, schedule, lambda: settings.boundWeight, ...weighting }
  return {
    architecture: unet2d(config),
    description: {
      shape: [...config.sample_size, config.in_channels],
      predicts,
      schedule,
      range: 1,
      learnedVariance,
      ...(labels === undefined ? {} : { labels }),
    },
    optimiser: adamw({
      rate: warmupCosine({ peak, steps, warmup, floor }),
      weightDecay,
      beta1,
      beta2,
      ...(clip === 0 ? {} : { clip }),
    }),
    emaDecay: warmedDecay(settings.ema),
    timesteps: samplers[settings.timesteps](),
    dropLabels: labels?.unconditional === undefined ? 0 : settings.dropLabels,
    seed: settings.seed,
    ...weighting,
    ...(learnedVariance ? { loss: hybridLoss(hybrid) } : {}),
  }
}

const manifestOf = ({ names, unconditional }: Labels): string =>
  `${names === undefined ? '' : `labels: ${JSON.stringify(names)}\n`}${
    unconditional === undefined ? '' : `unconditional: ${String(unconditional)}\n`
  }`

/** What lies beside the weights. */
export const filesOf = (
  { predicts, variance }: TrainSettings,
  config: RawConfig,
  labels: Labels | undefined,
): ModelFiles => ({
  config,
  scheduler: {
    _class_name: 'DDPMScheduler',
    ...schedulerDefaults,
    prediction_type: predicts,
    variance_type: variance.replace('-', '_'),
  },
  ...(labels === undefined ? {} : { manifest: manifestOf(labels) }),
})

/** What may differ between a checkpoint and what goes on from it. */
const free: readonly string[] = ['checkpointEvery', 'keep', 'sampleEvery', 'network', 'damaged']

/** What may not. */
export const recipeOf = (settings: TrainSettings, config: RawConfig, { count }: ImageSource): Recipe => ({
  ...Object.fromEntries(
    Object.entries(settings)
      .filter(([key]) => !free.includes(key))
      .map(([key, value]) => [key, JSON.stringify(value)]),
  ),
  network: JSON.stringify(config),
  images: String(count),
})
