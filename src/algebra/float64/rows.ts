/** What depends on a whole row at once: its spread, its quantiles. */
import type { Shape } from '../algebra.ts'
import { rowsOf, sizeOf } from '../shape.ts'
import { values64, type Values64 } from './values.ts'

/** Scales every row by a number of its own. */
const scaleRows = (x: Values64, scale: (row: number) => number): Values64 =>
  values64(x.shape, (out) => {
    const width = out.length / rowsOf(x.shape)
    for (let row = 0; row < rowsOf(x.shape); row++) {
      const factor = scale(row)
      for (let k = row * width; k < (row + 1) * width; k++) out[k] = factor * x.data[k]!
    }
  })

const rowOf = ({ shape, data }: Values64, row: number): Float64Array => {
  const width = data.length / rowsOf(shape)
  return data.subarray(row * width, (row + 1) * width)
}

/** What has a square that float64 can still add up. */
const MOST = 1e150

/** The root of the sum of squared distances from the mean; exactly 0 where all numbers are one. */
const scatter = (row: Float64Array): number => {
  const large = row.reduce((most, value) => Math.max(most, Math.abs(value)), MOST) / MOST
  const [first = 0] = row
  const from = (value: number): number => value / large - first / large
  const mean = row.reduce((sum, value) => sum + from(value), 0) / row.length
  return large * Math.sqrt(row.reduce((sum, value) => sum + (from(value) - mean) ** 2, 0))
}

/**
 * `x·s(like)/s(x)` row by row, with s the standard deviation over the whole row; whether by N or N − 1 cancels out.
 * A row without spread stays as it is.
 *
 * @example
 * ```ts
 * const x: Values64 = { shape: [2, 2], data: Float64Array.of(1, 3, 7, 7) }
 * const like: Values64 = { shape: [2, 2], data: Float64Array.of(0, 8, 0, 1) }
 * expect(matchDeviation64(x, like).data).toEqual(Float64Array.of(4, 12, 7, 7))
 * ```
 */
export const matchDeviation64 = (x: Values64, like: Values64): Values64 =>
  scaleRows(x, (row) => {
    const own = scatter(rowOf(x, row))
    return own === 0 ? 1 : scatter(rowOf(like, row)) / own
  })

/** A quantile of a list in rising order: between its two neighbours in rank, linearly. */
const quantile = (rising: Float64Array, share: number): number => {
  const rank = share * (rising.length - 1)
  const below = rising[Math.floor(rank)]!
  return below + (rank % 1) * (rising[Math.ceil(rank)]! - below)
}

/**
 * `x/q` row by row, with q the quantile of `|x|`, clamped into `[low, high]`.
 *
 * @example
 * ```ts
 * const x: Values64 = { shape: [2, 3], data: Float64Array.of(-4, 1, 2, 0, 0.5, 0) }
 * expect(divideByQuantile64(x, 0.75, 1, 10).data).toEqual(Float64Array.of(-4 / 3, 1 / 3, 2 / 3, 0, 0.5, 0))
 * ```
 */
export const divideByQuantile64 = (x: Values64, share: number, low: number, high: number): Values64 =>
  scaleRows(x, (row) => {
    const magnitudes = rowOf(x, row).map(Math.abs).sort()
    return 1 / Math.min(Math.max(quantile(magnitudes, share), low), high)
  })

const withRows = ({ shape }: Values64, rows: number): Shape => [rows, ...shape.slice(1)]

/**
 * One batch of several.
 *
 * @example
 * ```ts
 * const x: Values64 = { shape: [2, 1], data: Float64Array.of(1, 2) }
 * expect(joinRows64([x, x])).toEqual({ shape: [4, 1], data: Float64Array.of(1, 2, 1, 2) })
 * ```
 */
export const joinRows64 = (batches: readonly Values64[]): Values64 => {
  const [first] = batches
  if (first === undefined) throw new RangeError('no batches have no shape')
  const rows = batches.reduce((sum, { shape }) => sum + rowsOf(shape), 0)
  return values64(withRows(first, rows), (out) => {
    let at = 0
    for (const { data } of batches) {
      out.set(data, at)
      at += data.length
    }
  })
}

/**
 * Several batches of one.
 *
 * @example
 * ```ts
 * const x: Values64 = { shape: [3, 1], data: Float64Array.of(1, 2, 3) }
 * expect(splitRows64(x, [1, 2]).map(({ data }) => [...data])).toEqual([[1], [2, 3]])
 * ```
 */
export const splitRows64 = (x: Values64, rows: readonly number[]): readonly Values64[] => {
  let at = 0
  return rows.map((count) => {
    const shape = withRows(x, count)
    const begin = at
    at += sizeOf(shape)
    return values64(shape, (out) => {
      out.set(x.data.subarray(begin, at))
    })
  })
}
