/**
 * The layers that networks are made of: each looks up its weights once, by the checkpoint's names, and is a function from then on.
 */
import type { Activation, NetworkAlgebra, Padding, Parameters } from '../algebra/algebra.ts'

/** From one value to one value. */
export type Layer<T> = (x: T) => T

/** An algebra, and what builds layers in it. */
export interface Layers<T> {
  readonly algebra: NetworkAlgebra<T>
  /** A 3×3 convolution that keeps the size, unless told otherwise. */
  readonly conv: (
    name: string,
    from: number,
    to: number,
    options?: { readonly kernel?: 1 | 3; readonly stride?: 1 | 2; readonly padding?: Padding },
  ) => Layer<T>
  /** `x·Wᵀ + b`. */
  readonly linear: (name: string, from: number, to: number) => Layer<T>
  /** Normalises, and activates the outcome where told so. */
  readonly groupNorm: (
    name: string,
    channels: number,
    options: { readonly groups: number; readonly eps: number; readonly activation?: Activation },
  ) => Layer<T>
  /** A table of `count` vectors, picked by index. */
  readonly embedding: (name: string, count: number, width: number) => Layer<T>
  readonly activate: (kind: Activation) => Layer<T>
  /** `x / factor`, and nothing at all for 1. */
  readonly dividedBy: (factor: number) => Layer<T>
}

/**
 * The same number of zeros on each side.
 *
 * @example
 * ```ts
 * expect(around(1)).toEqual({ top: 1, bottom: 1, left: 1, right: 1 })
 * ```
 */
export const around = (pixels: number): Padding => ({
  top: pixels,
  bottom: pixels,
  left: pixels,
  right: pixels,
})

/**
 * The layers of an algebra, with weights from `parameter`.
 *
 * @remarks
 * The names and shapes asked for are PyTorch's: `NAME.weight` and `NAME.bias`, a filter `[out, in, height, width]`,
 * a matrix `[out, in]`.
 *
 * @example
 * ```ts
 * const identity: Parameters<Values64> = (name, shape) =>
 *   ({ shape, data: Float64Array.from(name.endsWith('.bias') ? [0, 0] : [1, 0, 0, 1]) })
 * const same = layers(float64, identity).linear('to_q', 2, 2)
 * expect(same({ shape: [1, 2], data: Float64Array.of(3, 4) }).data).toEqual(Float64Array.of(3, 4))
 * ```
 */
export const layers = <T>(algebra: NetworkAlgebra<T>, parameter: Parameters<T>): Layers<T> => ({
  algebra,
  conv: (name, from, to, { kernel = 3, stride = 1, padding = around((kernel - 1) / 2) } = {}) => {
    const filter = parameter(`${name}.weight`, [to, from, kernel, kernel])
    const bias = parameter(`${name}.bias`, [to])
    return (x) => algebra.conv2d(x, filter, bias, { stride, padding })
  },
  linear: (name, from, to) => {
    const weight = parameter(`${name}.weight`, [to, from])
    const bias = parameter(`${name}.bias`, [to])
    return (x) => algebra.dense(x, weight, bias)
  },
  groupNorm: (name, channels, { activation, ...options }) => {
    const scale = parameter(`${name}.weight`, [channels])
    const shift = parameter(`${name}.bias`, [channels])
    const { groupNormSilu } = algebra
    if (activation === 'silu' && groupNormSilu !== undefined)
      return (x) => groupNormSilu(x, scale, shift, options)
    const normalise: Layer<T> = (x) => algebra.groupNorm(x, scale, shift, options)
    return activation === undefined ? normalise : (x) => algebra.activate(activation, normalise(x))
  },
  embedding: (name, count, width) => {
    const table = parameter(`${name}.weight`, [count, width])
    return (indices) => algebra.embedding(table, indices)
  },
  activate: (kind) => (x) => algebra.activate(kind, x),
  dividedBy: (factor) => (factor === 1 ? (x) => x : (x) => algebra.affine(x, 1 / factor, 0)),
})
