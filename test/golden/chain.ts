/**
 * The peers' chains as cases: what was sampled, with which scheduler, from which start and with which noise.
 */
import { of } from 'rxjs'
import type { Values, VectorAlgebra } from '../../src/algebra/algebra.ts'
import type { ClipMode } from '../../src/diffusion/clip.ts'
import type { PredictionType } from '../../src/diffusion/estimate.ts'
import { ddim, ddpm, type Rule, type Variance } from '../../src/diffusion/rule.ts'
import {
  cosineSchedule,
  linearSchedule,
  scaledLinearSchedule,
  type Schedule,
} from '../../src/diffusion/schedule.ts'
import { dpmpp2m } from '../../src/diffusion/solver.ts'
import { leading, linspace, type Spacing, trailing } from '../../src/diffusion/spacing.ts'
import type { FinalLevel } from '../../src/diffusion/transition.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { goldenPath, nchwToNhwc, readSafetensors, tensorOf } from '../support/goldens.ts'

/** The settings that diffusers wrote beside a chain. */
export interface Case {
  readonly name: string
  readonly scheduler: 'DDIMScheduler' | 'DDPMScheduler' | 'DPMSolverMultistepScheduler'
  readonly config: {
    readonly beta_schedule?: 'linear' | 'scaled_linear' | 'squaredcos_cap_v2'
    readonly beta_start?: number
    readonly beta_end?: number
    readonly timestep_spacing?: 'leading' | 'trailing' | 'linspace'
    readonly steps_offset?: number
    readonly set_alpha_to_one?: boolean
    readonly clip_sample?: boolean
    readonly prediction_type?: PredictionType
    readonly variance_type?: 'fixed_small' | 'fixed_large'
  }
  readonly steps: number
  readonly step: { readonly eta?: number; readonly use_clipped_model_output?: boolean }
  readonly model: { readonly a: number; readonly b: number; readonly c: number }
  readonly labels: readonly number[]
  readonly guidance: number | null
  readonly seed: number
}

export interface Chain {
  readonly settings: Case
  /** x before the first step and after each, NHWC. */
  readonly x: readonly Values[]
  readonly x0: readonly Values[]
  /** The z of each step, NHWC. */
  readonly z: readonly Values[]
}

/** Cuts `[S, B, C, H, W]` into S batches, NHWC. */
const batches = ({
  shape,
  data,
}: {
  readonly shape: readonly number[]
  readonly data: Float64Array
}): Values[] => {
  const [count = 0, ...batch] = shape
  const size = data.length / count
  return Array.from({ length: count }, (_, k) =>
    nchwToNhwc({ shape: batch, data: data.subarray(k * size, (k + 1) * size) }),
  )
}

export const readChain = (name: string): Chain => {
  const file = readSafetensors(goldenPath(name))
  const part = (key: string): Values[] => (file.tensors.has(key) ? batches(tensorOf(file, key)) : [])
  return {
    // Python writes infinities, which JSON lacks
    settings: JSON.parse((file.metadata['case'] ?? '{}').replaceAll('-Infinity', 'null')) as Case,
    x: part('x'),
    x0: part('x0'),
    z: part('z'),
  }
}

export const scheduleOf = ({ config }: Case): Schedule => {
  const ends = { betaStart: config.beta_start ?? 1e-4, betaEnd: config.beta_end ?? 0.02 }
  switch (config.beta_schedule ?? 'linear') {
    case 'linear':
      return linearSchedule(ends)
    case 'scaled_linear':
      return scaledLinearSchedule(ends)
    case 'squaredcos_cap_v2':
      return cosineSchedule()
  }
}

export const spacingOf = ({ config, steps, scheduler }: Case): Spacing => {
  switch (config.timestep_spacing ?? 'leading') {
    case 'leading':
      return leading(steps, { offset: config.steps_offset ?? 0 })
    case 'trailing':
      return trailing(steps)
    case 'linspace':
      if (scheduler === 'DDIMScheduler') throw new Error('the peer strides wrongly there')
      return linspace(steps)
  }
}

export const finalLevelOf = ({ config }: Case): FinalLevel =>
  config.set_alpha_to_one === false ? 'first' : 'clean'

export const clipOf = ({ config, step, scheduler }: Case): ClipMode =>
  config.clip_sample === false || scheduler === 'DPMSolverMultistepScheduler'
    ? 'none'
    : step.use_clipped_model_output === true || scheduler === 'DDPMScheduler'
      ? 'x0+eps'
      : 'x0'

export const ruleOf = ({ scheduler, config, step }: Case): Rule => {
  switch (scheduler) {
    case 'DDIMScheduler':
      return ddim({ eta: step.eta ?? 0 })
    case 'DDPMScheduler':
      return ddpm({ variance: (config.variance_type ?? 'fixed_small').replace('_', '-') as Variance })
    case 'DPMSolverMultistepScheduler':
      return dpmpp2m()
  }
}

/** The closed-form model of the chains: `a·x + b·t/1000 + c·sin(i)`, i counting the elements of an image in NCHW. */
export const closedForm = <T>(
  algebra: VectorAlgebra<T>,
  settings: Case,
  [rows = 1, h = 1, w = 1, c = 1]: readonly number[],
): Denoiser<T> => ({
  algebra,
  predicts: settings.config.prediction_type ?? 'epsilon',
  schedule: scheduleOf(settings),
  shape: [h, w, c],
  range: 1,
  predict: (x, [t = 0]) => {
    const size = h * w * c
    const planar = Float64Array.from(
      { length: rows * size },
      (_, i) => settings.model.b * (t / 1000) + settings.model.c * Math.sin(i % size),
    )
    const rest = algebra.fromValues(nchwToNhwc({ shape: [rows, c, h, w], data: planar }))
    const output = algebra.combine([
      [settings.model.a, x],
      [1, rest],
    ])
    algebra.dispose(rest)
    return of({ output })
  },
})

export const largest = ({ data }: Values): number => Math.max(...Float64Array.from(data, Math.abs))

export const difference = (a: Values, b: Values): number => {
  if (a.data.length !== b.data.length) throw new Error('different sizes')
  return largest({
    shape: a.shape,
    data: Float64Array.from(a.data, (value, i) => value - (b.data[i] ?? NaN)),
  })
}
