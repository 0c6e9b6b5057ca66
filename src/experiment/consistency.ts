/**
 * Consistency: how much of an image depends on x_T alone, however many steps lead from it.
 */
import { map, type Observable, toArray } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import { rowsOf } from '../algebra/shape.ts'
import type { Rule } from '../diffusion/rule.ts'
import { type CellImages, finalImages, matrix, type MatrixConfig } from './matrix.ts'

/**
 * How far two batches are apart: the root of their mean squared difference, row by row, on a scale of `[0, 1]`.
 *
 * @example
 * ```ts
 * const [a, b] = [[0, 0, 1], [0, 2, 1]].map((data) => ({ shape: [3, 1], data: Float32Array.from(data) }))
 * expect(distances(a!, b!)).toEqual([0, 1, 0])
 * ```
 */
export const distances = (a: Values, b: Values): readonly number[] => {
  const rows = rowsOf(a.shape)
  const size = a.data.length / rows
  return Array.from({ length: rows }, (_, row) => {
    let squares = 0
    for (let i = row * size; i < (row + 1) * size; i += 1) squares += ((a.data[i]! - b.data[i]!) / 2) ** 2
    return Math.sqrt(squares / size)
  })
}

/** What a number of steps came to, beside the most steps. */
export interface ConsistentImages extends CellImages {
  /** How far each row is from that of the last spacing; see {@link distances}. */
  readonly distances: readonly number[]
}

/** One rule, several spacings; the last is what the others are compared with. */
export interface ConsistencyConfig<T> extends Omit<MatrixConfig<T>, 'rules'> {
  readonly rule: Rule
}

/**
 * Samples the same x_T with several numbers of steps, and measures how far the images are from those of the last, the paper's
 * figure 5: with DDIM they differ in details (arXiv:2010.02502, sec. 5.2), with DDPM in everything.
 *
 * @param config - model, rule, spacings, noise; `condition`, `batch`, `clip`
 * @returns the images and distances of all spacings, once, when all have run
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const spacings = [10, 50, 1000].map((S) => trailing(S))
 * const all = await lastValueFrom(consistency({ model, rule: ddim(), spacings, noise: philox({ seed: 7 }) }))
 * const [ten = 0, fifty = 0] = all.map(({ distances }) => distances[0])
 * expect(ten).toBeGreaterThan(fifty)
 * ```
 */
export const consistency = <T>({
  rule,
  ...config
}: ConsistencyConfig<T>): Observable<readonly ConsistentImages[]> =>
  finalImages(matrix({ ...config, rules: [rule] })).pipe(
    toArray(),
    map((cells) => {
      const longest = cells.at(-1)?.images
      return cells.map((cell) => ({
        ...cell,
        distances: longest === undefined ? [] : distances(cell.images, longest),
      }))
    }),
  )
