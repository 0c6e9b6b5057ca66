/**
 * Clipping x̂₀ into the range of the data. The peers differ in what becomes of ε̂, so it is a choice with a name.
 */
import type { Sum, VectorAlgebra } from '../algebra/algebra.ts'
import { aNumber, checkOptions } from '../arguments.ts'
import { fail } from '../failure.ts'
import { epsFromX0, type Estimate } from './estimate.ts'
import { sumOf } from './sum.ts'
import type { Level } from './level.ts'
import { knownName } from '../known-name.ts'

/**
 * - `none`: nothing is clipped (the authors' code);
 * - `x0`: x̂₀ is clipped and ε̂ stays as the network said it (diffusers' default);
 * - `x0+eps`: x̂₀ is clipped and ε̂ follows from it (OpenAI), so that both still make up x_t;
 * - `threshold`: x̂₀ is scaled down before it is clipped, so that few elements saturate (Imagen, arXiv:2205.11487,
 *   sec. 2.3; diffusers' `thresholding`), and ε̂ stays;
 * - `threshold+eps`: likewise, and ε̂ follows.
 */
export type ClipMode = (typeof clipModes)[number]

const clipModes = ['none', 'x0', 'x0+eps', 'threshold', 'threshold+eps'] as const

/** What to clip, and how. */
export interface Clip {
  readonly mode: ClipMode
  /** The data lie in `[−range, range]`. */
  readonly range: number
  /** Of thresholds: which quantile of a sample's |x̂₀| shall just fit, in `[0, 1]`; 0.995 unless said. */
  readonly ratio?: number
  /** Of thresholds: the most that this quantile is taken for, at least `range`; unbounded unless said. diffusers' `sample_max_value`, whose default, 1, makes it plain clipping. */
  readonly largest?: number
}

/** A way to clip whose range, unless said, is that of the model. */
export type ClipChoice = ClipMode | (Omit<Clip, 'range'> & Partial<Pick<Clip, 'range'>>)

const checked = (clip: Clip): Clip => {
  const { mode, range, ratio = 0.995, largest = Infinity } = clip
  const refuse = (reason: string): never => {
    throw fail('ClipInvalid', { clip: mode, reason })
  }
  if (knownName('way to clip', clipModes, mode) === 'none') return clip
  checkOptions({ range: aNumber, ratio: aNumber, largest: aNumber }, { range, ratio, largest })
  if (!(range > 0 && range < Infinity)) refuse(`the range is ${range}, and it has to be above 0`)
  if (!(ratio >= 0 && ratio <= 1)) refuse(`the ratio is ${ratio}, and it has to lie between 0 and 1`)
  if (!(largest >= range)) refuse(`the largest is ${largest}, below the range, ${range}`)
  return clip
}

/**
 * What a choice comes to for a model.
 *
 * @param choice - `x0+eps` unless said, or `none` for a model without a range
 * @param range - the model's, if it has one
 * @throws NameUnknown for a way that there is not; ClipWithoutRange where neither names a range; ClipInvalid for a range, ratio or largest out of theirs
 *
 * @example
 * ```ts
 * expect(clipFor({ mode: 'threshold', largest: 4 }, 1)).toEqual({ mode: 'threshold', largest: 4, range: 1 })
 * expect(clipFor(undefined, undefined).mode).toBe('none')
 * expect(() => clipFor('x0', undefined)).toThrow('needs a range')
 * ```
 */
export const clipFor = (choice: ClipChoice | undefined, range: number | undefined): Clip => {
  const clip =
    typeof choice === 'object' ? choice : { mode: choice ?? (range === undefined ? 'none' : 'x0+eps') }
  knownName('way to clip', clipModes, clip.mode)
  const known = clip.range ?? (clip.mode === 'none' ? Infinity : range)
  if (known === undefined) throw fail('ClipWithoutRange', { clip: clip.mode })
  return checked({ ...clip, range: known })
}

/** Far beyond what is seen, and far below where float32 ends. */
const HUGE = 1e30

/** x̂₀ in range, from one that need not be: a new tensor. */
const intoRange = <T>(algebra: VectorAlgebra<T>, clip: Clip, x0: Sum<T>): T => {
  const { mode, range, ratio = 0.995, largest = Infinity } = clip
  if (mode === 'x0' || mode === 'x0+eps') return algebra.clamp(x0, -range, range)
  // what has overflowed is not to be divided by what has
  const raw = algebra.clamp(x0, -HUGE, HUGE)
  const scaled = algebra.divideByQuantile(raw, ratio, range, largest)
  algebra.dispose(raw)
  const inRange = algebra.clamp([[range, scaled]], -range, range)
  algebra.dispose(scaled)
  return inRange
}

/**
 * Clips an estimate.
 *
 * @equation `x̂₀ ← clamp(x̂₀, −s, s)·range/s` with s = range, or for thresholds the quantile of the sample's |x̂₀|, clamped into `[range, largest]`
 *
 * @param algebra - where x̂₀ is computed
 * @param clip - how
 * @param level - where x_t is
 * @returns the estimate, and the tensors that had to be computed for it, which the caller owns
 * @throws ClipInvalid for a range, ratio or largest out of theirs
 *
 * @example
 * ```ts
 * const level = { t: 500, alphaBar: 0.5 }
 * const clipped = clipEstimate(numbers, { mode: 'x0', range: 1 }, level)([[1, 0.3]], { x0: [[1, 4]], eps: [[1, 7]] })
 * expect(clipped.estimate).toEqual({ x0: [[1, 1]], eps: [[1, 7]] })
 * const threshold = clipEstimate(float64, { mode: 'threshold', range: 1, ratio: 0.5, largest: 3 }, level)
 * const x0 = { shape: [1, 3], data: Float64Array.of(-1, 2, 8) }
 * expect(threshold([], { x0: sumOf(x0), eps: [] }).made[0]?.data).toEqual(Float64Array.of(-0.5, 1, 1))
 * ```
 */
export const clipEstimate = <T>(
  algebra: VectorAlgebra<T>,
  clip: Clip,
  level: Level,
): ((
  xt: Sum<T>,
  estimate: Estimate<T>,
) => { readonly estimate: Estimate<T>; readonly made: readonly T[] }) => {
  const { mode } = checked(clip)
  if (mode === 'none') return (_, estimate) => ({ estimate, made: [] })
  // at the clean level x_t is x₀, and ε̂ is whatever the network says
  const follows = mode.endsWith('+eps') && level.alphaBar < 1
  const toEps = follows ? epsFromX0(level) : undefined
  return (xt, estimate) => {
    const clipped = intoRange(algebra, clip, estimate.x0)
    const x0 = sumOf(clipped)
    return { estimate: { x0, eps: toEps?.(xt, x0) ?? estimate.eps }, made: [clipped] }
  }
}
