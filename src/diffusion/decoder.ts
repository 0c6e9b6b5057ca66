/**
 * The last step's likelihood: pixels are whole numbers, so what counts is the probability of a pixel's bin.
 */
import { normalMass, normalMassByTanh } from './normal.ts'

/** How a bin's probability is computed: exactly, or as OpenAI's code does, which published figures are comparable with. */
export type BinMass = 'exact' | 'tanh'

/** A bin's probability, and the smallest that is admitted, lest one hopeless pixel be all that counts. */
const masses: Readonly<
  Record<BinMass, { readonly mass: (low: number, high: number) => number; readonly least: number }>
> = {
  exact: { mass: normalMass, least: Number.MIN_VALUE },
  tanh: { mass: normalMassByTanh, least: 1e-12 },
}

/**
 * `ln P(pixel)` for a pixel of 256 levels that were scaled to `[−1, 1]`, under `N(mean, variance)` cut into bins of ±1/255;
 * the first and the last bin reach to infinity (arXiv:2006.11239, eq. 13).
 *
 * @remarks
 * `tanh` is OpenAI's `discretized_gaussian_log_likelihood`, its tanh for Φ and its least probability 1e-12 included.
 *
 * @param binMass - how to compute a bin's probability
 * @returns nats, at most 0, from the pixel, the mean and the variance (at least 0)
 *
 * @example
 * ```ts
 * expect(pixelLogLikelihood('exact')(1, 1, 0.01)).toBeCloseTo(Math.log(0.5156410), 6) // the last bin: above 1 − 1/255
 * expect(pixelLogLikelihood('tanh')(0, 0, 1e-9)).toBeCloseTo(0, 12)
 * ```
 */
export const pixelLogLikelihood = (
  binMass: BinMass,
): ((pixel: number, mean: number, variance: number) => number) => {
  const { mass, least } = masses[binMass]
  return (pixel, mean, variance) => {
    const deviation = Math.sqrt(variance)
    const standard = (x: number): number => (x === 0 ? 0 : x / deviation)
    const low = pixel < -0.999 ? -Infinity : standard(pixel - mean - 1 / 255)
    const high = pixel > 0.999 ? Infinity : standard(pixel - mean + 1 / 255)
    return Math.log(Math.max(mass(low, high), least))
  }
}
