/**
 * The chains of DDIM and DDPM worked out from the papers' formulas in float64, number by number: nothing here is the
 * package's own but the reader of the file.
 */
import type { Values } from '../../src/algebra/algebra.ts'
import type { Chain } from './chain.ts'

interface Settings {
  readonly scheduler: string
  readonly timesteps: readonly number[]
  readonly config: {
    readonly beta_schedule?: string
    readonly beta_start?: number
    readonly beta_end?: number
    readonly set_alpha_to_one?: boolean
    readonly clip_sample?: boolean
    readonly thresholding?: boolean
    readonly dynamic_thresholding_ratio?: number
    readonly sample_max_value?: number
    readonly rescale_betas_zero_snr?: boolean
    readonly prediction_type?: string
    readonly variance_type?: string
  }
  readonly step: { readonly eta?: number; readonly use_clipped_model_output?: boolean }
  readonly model: { readonly a: number; readonly b: number; readonly c: number }
}

const TRAINED = 1000

/** arXiv:2006.11239, sec. 4; arXiv:2112.10752's squares; arXiv:2102.09672, eq. 17. */
const alphaBarsOf = ({
  beta_schedule: kind = 'linear',
  beta_start = 1e-4,
  beta_end = 0.02,
  rescale_betas_zero_snr,
}: Settings['config']): readonly number[] => {
  const f = (t: number): number => Math.cos((((t / TRAINED + 0.008) / 1.008) * Math.PI) / 2) ** 2
  const beta = (t: number): number => {
    const share = t / (TRAINED - 1)
    if (kind === 'linear') return beta_start + share * (beta_end - beta_start)
    if (kind === 'scaled_linear')
      return (Math.sqrt(beta_start) + share * (Math.sqrt(beta_end) - Math.sqrt(beta_start))) ** 2
    return Math.min(1 - f(t + 1) / f(t), 0.999)
  }
  const alphaBars: number[] = []
  for (let t = 0; t < TRAINED; t++) alphaBars.push((alphaBars[t - 1] ?? 1) * (1 - beta(t)))
  if (rescale_betas_zero_snr !== true) return alphaBars
  // arXiv:2305.08891, alg. 1
  const [first, last] = [Math.sqrt(alphaBars[0]!), Math.sqrt(alphaBars[TRAINED - 1]!)]
  return alphaBars.map((alphaBar) => (((Math.sqrt(alphaBar) - last) * first) / (first - last)) ** 2)
}

/** arXiv:2205.11487, sec. 2.3: what each image is divided by before it is clipped; the quantile between two values. */
const thresholds = (x0: Float64Array, rows: number, ratio: number, most: number): readonly number[] =>
  Array.from({ length: rows }, (_, row) => {
    const size = x0.length / rows
    const sorted = x0
      .slice(row * size, (row + 1) * size)
      .map(Math.abs)
      .sort()
    const at = ratio * (size - 1)
    const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
    return Math.min(most, Math.max(1, low + (at - Math.floor(at)) * (high - low)))
  })

/** x after each step, from x_T and the z of each step; NHWC. */
export const byFormula = ({ settings, x: [first], z }: Chain): readonly Values[] => {
  const { scheduler, timesteps, config, step, model } = settings as unknown as Settings
  const { shape, data } = first!
  const [rows = 1, h = 1, w = 1, c = 1] = shape
  /** The place of an element in an image of planes. */
  const planar = (j: number): number => (j % c) * h * w + (Math.floor(j / c) % (h * w))
  const alphaBars = alphaBarsOf(config)
  const end = config.set_alpha_to_one === false ? alphaBars[0]! : 1
  const { eta = 0, use_clipped_model_output: rederived = false } = step

  let x = Float64Array.from(data)
  return timesteps.map((t, k) => {
    const inverse = scheduler === 'DDIMInverseScheduler'
    const [from, to] = inverse
      ? [k === 0 ? end : alphaBars[timesteps[k - 1]!]!, alphaBars[t]!]
      : [alphaBars[t]!, k + 1 < timesteps.length ? alphaBars[timesteps[k + 1]!]! : end]
    const beta = 1 - from / to
    const posterior = ((1 - to) / (1 - from)) * beta
    const [signal, noise] = [Math.sqrt(from), Math.sqrt(1 - from)]
    // an inversion asks at the noisier end, about x at the cleaner one (diffusers' DDIMInverseScheduler)
    const estimate = (xt: number, j: number): readonly [x0: number, eps: number] => {
      const output = model.a * xt + model.b * (t / 1000) + model.c * Math.sin(planar(j))
      if (config.prediction_type === 'sample') return [output, (xt - signal * output) / noise]
      return config.prediction_type === 'v_prediction'
        ? [signal * xt - noise * output, signal * output + noise * xt]
        : [(xt - noise * output) / signal, output]
    }
    const { dynamic_thresholding_ratio: ratio = 0.995, sample_max_value: most = 1 } = config
    const limits =
      config.thresholding === true
        ? thresholds(
            x.map((xt, j) => estimate(xt, j)[0]),
            rows,
            ratio,
            most,
          )
        : Array.from({ length: rows }, () => (config.clip_sample === false ? Infinity : 1))
    x = x.map((xt, j) => {
      const [raw, predicted] = estimate(xt, j)
      const limit = limits[Math.floor(j / (h * w * c))]!
      const x0 = limit === Infinity ? raw : Math.min(1, Math.max(-1, raw / limit))
      const eps = rederived ? (xt - signal * x0) / noise : predicted
      const fresh = z[k]?.data[j] ?? 0
      // arXiv:2010.02502, eq. 12 and 16
      if (scheduler !== 'DDPMScheduler')
        return (
          Math.sqrt(to) * x0 +
          (eta === 0
            ? Math.sqrt(1 - to) * eps
            : Math.sqrt(1 - to - eta ** 2 * posterior) * eps + eta * Math.sqrt(posterior) * fresh)
        )
      // arXiv:2006.11239, eq. 7 and alg. 2
      const mean =
        ((Math.sqrt(to) * beta) / (1 - from)) * x0 + ((Math.sqrt(from / to) * (1 - to)) / (1 - from)) * xt
      const variance = config.variance_type === 'fixed_large' ? beta : posterior
      return k + 1 === timesteps.length ? mean : mean + Math.sqrt(variance) * fresh
    })
    return { shape, data: x }
  })
}
