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
}: Settings['config']) => {
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
  return alphaBars
}

/** x after each step, from x_T and the z of each step; NHWC. */
export const byFormula = ({ settings, x: [first], z }: Chain): readonly Values[] => {
  const { scheduler, timesteps, config, step, model } = settings as unknown as Settings
  const { shape, data } = first!
  const [, h = 1, w = 1, c = 1] = shape
  /** The place of an element in an image of planes. */
  const planar = (j: number): number => (j % c) * h * w + (Math.floor(j / c) % (h * w))
  const alphaBars = alphaBarsOf(config)
  const end = config.set_alpha_to_one === false ? alphaBars[0]! : 1
  const { eta = 0, use_clipped_model_output: rederived = false } = step

  let x = Float64Array.from(data)
  return timesteps.map((t, k) => {
    const [from, to] = [alphaBars[t]!, k + 1 < timesteps.length ? alphaBars[timesteps[k + 1]!]! : end]
    const beta = 1 - from / to
    const posterior = ((1 - to) / (1 - from)) * beta
    const [signal, noise] = [Math.sqrt(from), Math.sqrt(1 - from)]
    x = x.map((xt, j) => {
      const output = model.a * xt + model.b * (t / 1000) + model.c * Math.sin(planar(j))
      let [x0, eps] = [output, output]
      if (config.prediction_type === 'sample') eps = (xt - signal * output) / noise
      else if (config.prediction_type === 'v_prediction')
        [x0, eps] = [signal * xt - noise * output, signal * output + noise * xt]
      else x0 = (xt - noise * output) / signal
      if (config.clip_sample !== false) x0 = Math.min(1, Math.max(-1, x0))
      if (rederived) eps = (xt - signal * x0) / noise
      const fresh = z[k]?.data[j] ?? 0
      // arXiv:2010.02502, eq. 12 and 16
      if (scheduler === 'DDIMScheduler')
        return (
          Math.sqrt(to) * x0 +
          Math.sqrt(1 - to - eta ** 2 * posterior) * eps +
          (eta === 0 ? 0 : eta * Math.sqrt(posterior) * fresh)
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
