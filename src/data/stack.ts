/** Rows into a batch. */
import type { Shape, Values } from '../algebra/algebra.ts'
import { sizeOf } from '../algebra/shape.ts'

/**
 * Images one after the other, as a batch.
 *
 * @param shape - of one
 *
 * @example
 * ```ts
 * expect(stack([1])([Float32Array.of(1), Float32Array.of(2)])).toEqual({ shape: [2, 1], data: Float32Array.of(1, 2) })
 * ```
 */
export const stack =
  (shape: Shape) =>
  (rows: readonly Float32Array[]): Values => {
    const size = sizeOf(shape)
    const data = new Float32Array(rows.length * size)
    rows.forEach((row, i) => {
      data.set(row, i * size)
    })
    return { shape: [rows.length, ...shape], data }
  }
