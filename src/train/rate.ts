/**
 * Learning rates over the steps of a run.
 */
import type { Rate } from './optimiser.ts'

/** A rise, a fall along half a cosine, and what is left. */
export interface WarmupCosineOptions {
  /** The largest rate. */
  readonly peak: number
  /** How many steps the run has. */
  readonly steps: number
  /** How many steps it takes to rise; 0 unless said. */
  readonly warmup?: number
  /** Added throughout, so that the last steps still learn; 0 unless said. */
  readonly floor?: number
}

/**
 * `peak·min(1, (k+1)/warmup)·(1 + cos πk/steps)/2 + floor` at step k; from the run's end on, the floor.
 *
 * @example
 * ```ts
 * const rate = warmupCosine({ peak: 2e-3, steps: 3000, warmup: 300, floor: 1e-5 })
 * expect(rate(1500)).toBeCloseTo(1e-3 + 1e-5, 12)
 * expect([rate(3000), rate(9000)]).toEqual([1e-5, 1e-5])
 * ```
 */
export const warmupCosine =
  ({ peak, steps, warmup = 0, floor = 0 }: WarmupCosineOptions): Rate =>
  (step) => {
    const share = Math.min(1, step / steps)
    const risen = warmup === 0 ? 1 : Math.min(1, (step + 1) / warmup)
    return (share === 1 ? 0 : peak * risen * (0.5 + 0.5 * Math.cos(Math.PI * share))) + floor
  }

/**
 * The decay of an average of weights that forgets its beginning first: `min(most, (k+2)/(k+11))` at step k.
 *
 * @param most - what it comes to in the end; 0.999 unless said
 *
 * @example
 * ```ts
 * expect(warmedDecay()(0)).toBeCloseTo(2 / 11, 12)
 * expect(warmedDecay()(1e6)).toBe(0.999)
 * ```
 */
export const warmedDecay =
  (most = 0.999): Rate =>
  (step) =>
    Math.min(most, (step + 2) / (step + 11))
