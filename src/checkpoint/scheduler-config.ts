/**
 * `scheduler_config.json`: the noise that a checkpoint was trained on, and what its makers would sample it with.
 */
import * as t from 'io-ts'
import { listOf, nullOr, numberIn, oneOf, wholeFrom, words, yesOrNo } from '../codecs.ts'
import { decodeConfig } from '../decode-config.ts'
import type { FailureOf } from '../failure.ts'
import { E, pipe } from '../fp.ts'

/** The settings under the names that diffusers gives them. */
export interface SchedulerConfig {
  /** diffusers' class, where the file names one. */
  readonly _class_name?: string
  /** T, from 1. */
  readonly num_train_timesteps: number
  /** The first β, in `[0, 1]`. */
  readonly beta_start: number
  /** The last β, in `[0, 1]`. */
  readonly beta_end: number
  readonly beta_schedule: 'linear' | 'scaled_linear' | 'squaredcos_cap_v2' | 'sigmoid' | 'laplace'
  /** All βs, each in `[0, 1]`; they take the place of the three settings above. */
  readonly trained_betas: readonly number[] | null
  readonly prediction_type: 'epsilon' | 'sample' | 'v_prediction'
  readonly clip_sample: boolean
  /** The data lie in `[−clip_sample_range, clip_sample_range]`. */
  readonly clip_sample_range: number
  /** Whether x₀ is clipped at a quantile of its own values. */
  readonly thresholding: boolean
  /** That quantile, in `[0, 1]`. */
  readonly dynamic_thresholding_ratio: number
  /** The largest value of x₀ that thresholding lets pass. */
  readonly sample_max_value: number
  readonly timestep_spacing: 'leading' | 'trailing' | 'linspace'
  /** What is added to every timestep of the leading spacing. */
  readonly steps_offset: number
  /** Whether a chain ends at ᾱ = 1 rather than at ᾱ₀. */
  readonly set_alpha_to_one: boolean
  /** Whether the schedule is stretched until ᾱ_T = 0 (arXiv:2305.08891, algorithm 1). */
  readonly rescale_betas_zero_snr: boolean
  readonly variance_type:
    'fixed_small' | 'fixed_small_log' | 'fixed_large' | 'fixed_large_log' | 'learned' | 'learned_range'
}

/**
 * What diffusers' `DDPMScheduler` and `DDIMScheduler` take where a file says nothing.
 *
 * @example
 * ```ts
 * expect(schedulerDefaults.beta_schedule).toBe('linear')
 * ```
 */
export const schedulerDefaults: SchedulerConfig = {
  num_train_timesteps: 1000,
  beta_start: 1e-4,
  beta_end: 0.02,
  beta_schedule: 'linear',
  trained_betas: null,
  prediction_type: 'epsilon',
  clip_sample: true,
  clip_sample_range: 1,
  thresholding: false,
  dynamic_thresholding_ratio: 0.995,
  sample_max_value: 1,
  timestep_spacing: 'leading',
  steps_offset: 0,
  set_alpha_to_one: true,
  rescale_betas_zero_snr: false,
  variance_type: 'fixed_small',
}

const beta = numberIn(0, 1)

const codec = t.exact(
  t.partial({
    _class_name: words,
    num_train_timesteps: wholeFrom(1),
    beta_start: beta,
    beta_end: beta,
    beta_schedule: oneOf('linear', 'scaled_linear', 'squaredcos_cap_v2', 'sigmoid', 'laplace'),
    trained_betas: nullOr(listOf('βs', beta)),
    prediction_type: oneOf('epsilon', 'sample', 'v_prediction'),
    clip_sample: yesOrNo,
    clip_sample_range: numberIn(0),
    thresholding: yesOrNo,
    dynamic_thresholding_ratio: numberIn(0, 1),
    sample_max_value: numberIn(0),
    timestep_spacing: oneOf('leading', 'trailing', 'linspace'),
    steps_offset: wholeFrom(0),
    set_alpha_to_one: yesOrNo,
    rescale_betas_zero_snr: yesOrNo,
    variance_type: oneOf(
      'fixed_small',
      'fixed_small_log',
      'fixed_large',
      'fixed_large_log',
      'learned',
      'learned_range',
    ),
  }),
)

/**
 * Decodes a `scheduler_config.json`; what it leaves out takes diffusers' defaults, what it says beyond is ignored,
 * since every scheduler of diffusers has settings of its own.
 *
 * @param path - what to call the file in a failure
 * @returns ConfigInvalid with the first setting that is not known or not possible
 *
 * @example
 * ```ts
 * expect(decodeSchedulerConfig('a.json')({ beta_schedule: 'cosine' })).toMatchObject(
 *   E.left({
 *     reason:
 *       'beta_schedule is "cosine", not one of linear, scaled_linear, squaredcos_cap_v2, sigmoid, laplace',
 *   }),
 * )
 * ```
 */
export const decodeSchedulerConfig =
  (path: string) =>
  (settings: unknown): E.Either<FailureOf<'ConfigInvalid'>, SchedulerConfig> =>
    pipe(
      settings,
      decodeConfig(path, codec),
      E.map((said) => ({ ...schedulerDefaults, ...said })),
    )
