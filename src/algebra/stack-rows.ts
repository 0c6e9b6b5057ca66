/** Several batches of numbers as one; {@link VectorAlgebra.joinRows} does that in an algebra. */
import type { Values } from './algebra.ts'

/**
 * The rows of several, one below the other, as float32.
 *
 * @param all - of one shape but for the number of rows
 *
 * @example
 * ```ts
 * const [one, two] = [[1], [2, 3]].map((rows) => ({ shape: [rows.length, 1], data: Float32Array.from(rows) }))
 * expect(stackRows([one!, two!])).toEqual({ shape: [3, 1], data: Float32Array.of(1, 2, 3) })
 * ```
 */
export const stackRows = (all: readonly Values[]): Values => {
  const row = all[0]?.shape.slice(1) ?? []
  const data = new Float32Array(all.reduce((length, each) => length + each.data.length, 0))
  let [at, rows] = [0, 0]
  for (const each of all) {
    data.set(each.data, at)
    at += each.data.length
    rows += each.shape[0] ?? 0
  }
  return { shape: [rows, ...row], data }
}
