/** Attention, in double precision. */
import type { NetworkAlgebra } from '../algebra.ts'
import { values64, type Values64 } from './values.ts'

/** `softmax` of a row of logits, in place; the largest is taken off first, so that nothing overflows. */
const softmax = (logits: Float64Array): void => {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity)
  let sum = 0
  for (let i = 0; i < logits.length; i++) {
    logits[i] = Math.exp(logits[i]! - largest)
    sum += logits[i]!
  }
  for (let i = 0; i < logits.length; i++) logits[i]! /= sum
}

/**
 * Scaled dot-product attention for each head.
 *
 * @equation `softmax(q·kᵀ/√d)·v` — Vaswani et al. 2017, arXiv:1706.03762, eq. 1
 *
 * @example
 * ```ts
 * const zero = values64([1, 2, 2], () => undefined)
 * const v: Values64 = { shape: [1, 2, 2], data: Float64Array.of(1, 2, 3, 6) }
 * expect([...attention64(zero, zero, v, 1).data]).toEqual([2, 4, 2, 4])
 * ```
 */
export const attention64: NetworkAlgebra<Values64>['attention'] = (q, k, v, heads) => {
  const [rows = 1, length = 1, channels = 1] = q.shape
  const dim = channels / heads
  return values64(q.shape, (out) => {
    const weights = new Float64Array(length)
    for (let row = 0; row < rows; row++)
      for (let head = 0; head < heads; head++) {
        /** Where the channels of this head begin, at a position. */
        const at = (position: number): number => (row * length + position) * channels + head * dim
        for (let i = 0; i < length; i++) {
          for (let j = 0; j < length; j++) {
            let dot = 0
            for (let c = 0; c < dim; c++) dot += q.data[at(i) + c]! * k.data[at(j) + c]!
            weights[j] = dot / Math.sqrt(dim)
          }
          softmax(weights)
          for (let j = 0; j < length; j++)
            for (let c = 0; c < dim; c++) out[at(i) + c]! += weights[j]! * v.data[at(j) + c]!
        }
      }
  })
}
