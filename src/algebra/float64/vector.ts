/** The vector part of the reference algebra. */
import type { VectorAlgebra } from '../algebra.ts'
import { planSum } from '../plan-sum.ts'
import { showShape, sizeOf } from '../shape.ts'
import { divideByQuantile64, joinRows64, matchDeviation64, splitRows64 } from './rows.ts'
import { mapValues, values64, type Values64 } from './values.ts'

/** What room makes of numbers that are added: more than any sum of a few needs. */
const ROOM = 2 ** 100

/** A sum beyond float64 as the largest number that it has: of infinities the next sum would make NaN. */
const saturated = (products: ReadonlyArray<readonly [coefficient: number, value: number]>): number => {
  const small = products.reduce((sum, [coefficient, value]) => sum + coefficient * (value / ROOM), 0)
  return Math.min(Math.max(small * ROOM, -Number.MAX_VALUE), Number.MAX_VALUE)
}

/**
 * Linear combinations, clamping and conversion in double precision.
 *
 * @example
 * ```ts
 * const x: Values64 = { shape: [2, 1], data: Float64Array.of(1, 2) }
 * expect(vector64.combine([[1, x], [[10, 100], x]]).data).toEqual(Float64Array.of(11, 202))
 * ```
 */
export const vector64: VectorAlgebra<Values64> = {
  combine: (sum) => {
    const { shape, rows, coefficients, vectors } = planSum(sum, vector64.shape)
    return values64(shape, (out) => {
      const width = out.length / rows
      vectors.forEach(({ data }, i) => {
        for (let row = 0; row < rows; row++) {
          const c = coefficients[i]![row]!
          for (let k = row * width; k < (row + 1) * width; k++) out[k]! += c * data[k]!
        }
      })
      for (let k = 0; k < out.length; k++)
        if (!Number.isFinite(out[k]))
          out[k] = saturated(
            vectors.map(({ data }, i) => [coefficients[i]![Math.floor(k / width)]!, data[k]!] as const),
          )
    })
  },
  clamp: (sum, low, high) =>
    mapValues(vector64.combine(sum), (value) => Math.min(Math.max(value, low), high)),
  matchDeviation: matchDeviation64,
  divideByQuantile: divideByQuantile64,
  scaleByExp: ({ shape, data }, exponent, factor) =>
    values64(shape, (out) => {
      for (let k = 0; k < out.length; k++) out[k] = data[k]! * Math.exp(factor * exponent.data[k]!)
    }),
  joinRows: joinRows64,
  splitRows: splitRows64,
  fromValues: ({ shape, data }) => {
    if (data.length !== sizeOf(shape))
      throw new RangeError(`${String(data.length)} values don't fill the shape ${showShape(shape)}`)
    return { shape, data: Float64Array.from(data) }
  },
  toValues: ({ shape, data }) => ({ shape, data: data.slice() }),
  shape: ({ shape }) => shape,
  dispose: () => undefined,
}
