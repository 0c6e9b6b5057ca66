/**
 * Clipping x̂₀ into the range of the data. The peers differ in what becomes of ε̂, so it is a choice with a name.
 */
import type { Sum, VectorAlgebra } from '../algebra/algebra.ts'
import { epsFromX0, type Estimate } from './estimate.ts'
import { sumOf } from './sum.ts'
import type { Level } from './level.ts'

/**
 * - `none`: nothing is clipped (the authors' code);
 * - `x0`: x̂₀ is clipped and ε̂ stays as the network said it (diffusers' default);
 * - `x0+eps`: x̂₀ is clipped and ε̂ follows from it (OpenAI), so that both still make up x_t.
 */
export type ClipMode = 'none' | 'x0' | 'x0+eps'

/** What to clip, and the data's range `[−range, range]`. */
export interface Clip {
  readonly mode: ClipMode
  readonly range: number
}

/**
 * Clips an estimate.
 *
 * @param algebra - where x̂₀ is computed
 * @param clip - how
 * @param level - where x_t is
 * @returns the estimate, and the tensors that had to be computed for it, which the caller owns
 *
 * @example
 * ```ts
 * const level = { t: 500, alphaBar: 0.5 }
 * const clipped = clipEstimate(numbers, { mode: 'x0', range: 1 }, level)([[1, 0.3]], { x0: [[1, 4]], eps: [[1, 7]] })
 * expect(clipped.estimate).toEqual({ x0: [[1, 1]], eps: [[1, 7]] })
 * ```
 */
export const clipEstimate =
  <T>(algebra: VectorAlgebra<T>, { mode, range }: Clip, level: Level) =>
  (xt: Sum<T>, estimate: Estimate<T>): { readonly estimate: Estimate<T>; readonly made: readonly T[] } => {
    if (mode === 'none') return { estimate, made: [] }
    const raw = algebra.combine(estimate.x0)
    const clipped = algebra.clamp(raw, -range, range)
    algebra.dispose(raw)
    const x0 = sumOf(clipped)
    // at the clean level x_t is x₀, and ε̂ is whatever the network says
    const follows = mode === 'x0+eps' && level.alphaBar < 1
    return { estimate: { x0, eps: follows ? epsFromX0(level)(xt, x0) : estimate.eps }, made: [clipped] }
  }
