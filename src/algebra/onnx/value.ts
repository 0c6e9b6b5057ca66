/**
 * What the onnx instance computes with: the name of a value in a graph, and what is known of it before anything runs.
 *
 * Images are stored `[rows, channels, height, width]`, and tokens exactly as the image that they came from, so
 * that a layer on tokens is a convolution with a 1×1 filter and nothing is ever transposed in between.
 */
import { fail } from '../../failure.ts'
import type { Parameters, Shape, Values } from '../algebra.ts'
import type { Constant } from './model.ts'

/** An image, or tokens, which have the extent of an image as well: `height·width` of them. */
export interface Spatial {
  readonly kind: 'image' | 'tokens'
  readonly name: string
  readonly channels: number
  readonly height: number
  readonly width: number
  /** The image that this one is twice as large as, where it came from {@link NetworkAlgebra.upsample}. */
  readonly half?: Spatial | undefined
}

/** One row of numbers for each sample. */
export interface Vector {
  readonly kind: 'vector'
  readonly name: string
  readonly channels: number
}

/** One number for each sample: a time, or an integer that picks a row of a table. */
export interface Scalars {
  readonly kind: 'scalars'
  readonly name: string
}

/** Weights, as the checkpoint stores them. */
export interface Weights extends Constant {
  readonly kind: 'weights'
  readonly data: Float32Array
}

/** A value in a graph. */
export type Value = Spatial | Vector | Scalars | Weights

/** What an operation makes of a value whose shape it keeps. */
export const renamed = <T extends Spatial | Vector | Scalars>(value: T, name: string): T => ({
  ...value,
  name,
  half: undefined,
})

const expected = (what: string, found: Value): never => {
  throw fail('ModelRejected', { engine: 'onnx', reason: `an operation on ${what} was given ${found.kind}` })
}

/**
 * Narrows a value to what an operation works on.
 *
 * @throws ModelRejected where it is something else
 *
 * @example
 * ```ts
 * const t: Value = { kind: 'scalars', name: 't' }
 * expect(as.scalars(t)).toBe(t)
 * expect(() => as.image(t)).toThrow('an operation on an image was given scalars')
 * ```
 */
export const as: {
  readonly spatial: (value: Value) => Spatial
  readonly image: (value: Value) => Spatial
  readonly vector: (value: Value) => Vector
  readonly scalars: (value: Value) => Scalars
  readonly weights: (value: Value) => Weights
} = {
  spatial: (value) =>
    value.kind === 'image' || value.kind === 'tokens' ? value : expected('an image or tokens', value),
  image: (value) => (value.kind === 'image' ? value : expected('an image', value)),
  vector: (value) => (value.kind === 'vector' ? value : expected('a vector', value)),
  scalars: (value) => (value.kind === 'scalars' ? value : expected('one number a row', value)),
  weights: (value) => (value.kind === 'weights' ? value : expected('weights', value)),
}

/**
 * Weights for the algebra of graphs, from a checkpoint's numbers.
 *
 * @param read - gives a tensor of the checkpoint by name, and fails where its shape is not the expected one
 *
 * @example
 * ```ts
 * const parameter = onnxParameters((_, shape) => ({ shape, data: Float32Array.of(1, 2) }))
 * expect(parameter('conv_in.bias', [2])).toMatchObject({ kind: 'weights', dims: [2] })
 * ```
 */
export const onnxParameters =
  (read: (name: string, shape: Shape) => Values): Parameters<Value> =>
  (name, shape) => {
    const { data } = read(name, shape)
    return {
      kind: 'weights',
      dims: shape,
      data: data instanceof Float32Array ? data : Float32Array.from(data),
    }
  }
