/** A run in numbers. */
import { map, type Observable } from 'rxjs'
import type { Values } from '../../algebra/algebra.ts'
import { rowsOf } from '../../algebra/shape.ts'
import { halfLogSnr } from '../../diffusion/solver.ts'
import type { BranchOf } from '../branch.ts'
import type { Frame, FrameField } from '../frame.ts'
import { type Chosen, type Fields, snapshot } from '../snapshot.ts'
import type { Holding } from './of-step.ts'

/** One sample of one tensor, in numbers; NaN where the sample has a NaN. */
export interface Statistics {
  /** The Euclidean norm, the root of the sum of squares. */
  readonly norm: number
  readonly min: number
  readonly max: number
  readonly mean: number
  /** The mean square distance from the mean. */
  readonly variance: number
}

/** A step in numbers: for each field that was asked for, the statistics of each sample. */
export type Metrics<K extends FrameField> = Readonly<Record<K, readonly Statistics[]>> &
  Holding & {
    /** `log(ᾱ/(1−ᾱ))`, the natural logarithm, of the level that the step led to; ∞ at the clean one. */
    readonly logSnr: number
  }

/** All three. */
type Everything = Readonly<Record<FrameField, true>>
const everything: Everything = { xt: true, x0: true, eps: true }

/** A snapshot of whatever was asked for. */
type Copied = Holding & Partial<Record<FrameField, Values>>

const statistics = (x: Values['data']): Statistics => {
  let [sum, squares, min, max] = [0, 0, Infinity, -Infinity]
  for (const value of x) {
    sum += value
    squares += value * value
    min = Math.min(min, value)
    max = Math.max(max, value)
  }
  const mean = sum / x.length
  let distances = 0
  for (const value of x) distances += (value - mean) ** 2
  return { norm: Math.sqrt(squares), min, max, mean, variance: distances / x.length }
}

/**
 * The statistics of each row.
 *
 * @example
 * ```ts
 * const x = { shape: [2, 2], data: Float64Array.of(3, 4, 1, 1) }
 * expect(rowStatistics(x)[0]).toEqual({ norm: 5, min: 3, max: 4, mean: 3.5, variance: 0.25 })
 * ```
 */
export const rowStatistics = ({ shape, data }: Values): readonly Statistics[] => {
  const rows = rowsOf(shape)
  const width = data.length / rows
  return Array.from({ length: rows }, (_, row) => statistics(data.subarray(row * width, (row + 1) * width)))
}

/**
 * Measures every frame: norm, range, mean and variance of its tensors, sample by sample, and the log-SNR of its level.
 *
 *     frames     --a--b--c|
 *     metrics    --A--B--C|
 *
 * @remarks
 * 1. The tensors are copied as by {@link snapshot}, in order, each frame held while it is read; what is emitted are numbers.
 * 2. Of a sound chain the variance of x_t goes from 1 to that of the data, while that of ε̂ stays near 1; a range that
 *    grows or a NaN says at which step a chain goes wrong.
 * 3. Reading a tensor back costs a transfer where it lives on a device: ask for what you look at.
 *
 * @see {@link snapshot}, for the tensors themselves
 *
 * @param fields - which tensors to measure; all three unless said
 *
 * @example
 * ```ts
 * import { lastValueFrom } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(10)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const { logSnr, xt } = await lastValueFrom(frames$.pipe(metrics({ xt: true })))
 * expect([logSnr, xt[0]?.variance]).toEqual([Infinity, 0])
 * expect(xt[0]?.mean).toBeCloseTo(2, 0)
 * ```
 */
export const metrics =
  <const F extends Fields = Everything>(
    fields?: F,
  ): (<T, G>(frames$: Observable<Frame<T> & G>) => Observable<Metrics<Chosen<F>> & BranchOf<G>>) =>
  <T, G>(frames$: Observable<Frame<T> & G>) => {
    const measure = ({ xt, x0, eps, transition, ...of_ }: Copied): Metrics<Chosen<F>> & BranchOf<G> =>
      ({
        ...of_,
        transition,
        logSnr: 2 * halfLogSnr(transition.to),
        ...Object.fromEntries(
          Object.entries({ xt, x0, eps }).flatMap(([field, values]) =>
            values === undefined ? [] : [[field, rowStatistics(values)]],
          ),
        ),
      }) as Metrics<Chosen<F>> & BranchOf<G>
    return frames$.pipe(snapshot<Fields>(fields ?? everything), map(measure))
  }
