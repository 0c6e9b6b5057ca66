/**
 * Features: what a classifier sees in images, by which sets of them are compared.
 */
import type { Values } from '../algebra/algebra.ts'
import { fail } from '../failure.ts'

/** One row per image: `[images, size]`. */
export type Features = Values

/**
 * How many rows features have, and how long each is.
 *
 * @throws FeaturesDisagree for what is no matrix
 *
 * @example
 * ```ts
 * expect(sizesOf({ shape: [3, 2], data: new Float32Array(6) })).toEqual({ rows: 3, size: 2 })
 * ```
 */
export const sizesOf = ({ shape, data }: Features): { readonly rows: number; readonly size: number } => {
  const [rows = 0, size = 0] = shape
  if (shape.length !== 2 || rows * size !== data.length)
    throw fail('FeaturesDisagree', {
      reason: `they have the shape [${shape.join(', ')}], and a matrix is needed`,
    })
  return { rows, size }
}

/**
 * How long the features of two sets are.
 *
 * @throws FeaturesDisagree if they are not of one length
 *
 * @example
 * ```ts
 * expect(sizeOfBoth({ shape: [3, 2], data: new Float32Array(6) }, { shape: [1, 2], data: new Float32Array(2) })).toBe(2)
 * ```
 */
export const sizeOfBoth = (a: Features, b: Features): number => {
  const [one, other] = [sizesOf(a).size, sizesOf(b).size]
  if (one === other) return one
  throw fail('FeaturesDisagree', { reason: `they have ${String(one)} and ${String(other)} numbers each` })
}
