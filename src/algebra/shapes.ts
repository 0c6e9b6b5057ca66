/**
 * The algebra that computes nothing but shapes, and says what computing would cost.
 *
 * A network that runs through it is checked from end to end before a single weight is read.
 */
import { fail } from '../failure.ts'
import type { NetworkAlgebra, Shape } from './algebra.ts'
import { sameShape, showShape as text, sizeOf } from './shape.ts'

/** Refuses what doesn't fit, in a sentence with both shapes in it. */
const need = (holds: boolean, operation: string, reason: string): void => {
  if (!holds) throw fail('ShapesDisagree', { operation, reason })
}

const needSame = (operation: string, a: Shape, b: Shape): void => {
  need(sameShape(a, b), operation, `${text(a)} meets ${text(b)}`)
}

const channelsOf = (shape: Shape): number => shape.at(-1) ?? 1

/** A vector per row has to have the channels of the image; scales and shifts have no rows of their own. */
const needChannels = (operation: string, x: Shape, vector: Shape): void => {
  need(channelsOf(x) === channelsOf(vector), operation, `${text(x)} and ${text(vector)} differ in channels`)
}

/**
 * An algebra of shapes that reports its cost as it goes.
 *
 * @remarks
 * The convention: a multiply-add is two floating point operations, and only convolutions, dense layers and the two products
 * of attention count. Biases, norms, activations and resampling are free, as in what the field publishes.
 * Weights have the shapes of the checkpoint. What doesn't fit throws `ShapesDisagree`.
 *
 * @param charge - told the FLOPs of each operation, and how many values it holds at once to come to its answer
 *
 * @example
 * ```ts
 * let flops = 0
 * const algebra = shapes((cost) => { flops += cost })
 * const padding = { top: 1, bottom: 1, left: 1, right: 1 }
 * const y = algebra.conv2d([1, 28, 28, 1], [32, 1, 3, 3], [32], { stride: 2, padding })
 * expect(y).toEqual([1, 14, 14, 32])
 * expect(flops).toBe(2 * 14 * 14 * 32 * 9)
 * ```
 */
export const shapes = (charge: (flops: number, values: number) => void): NetworkAlgebra<Shape> => ({
  conv2d: (x, filter, bias, { stride, padding: { top, bottom, left, right } }) => {
    const [rows = 1, height = 0, width = 0, channels = 0] = x
    const [outs = 0, ins = 0, tall = 1, wide = 1] = filter
    need(channels === ins, 'conv2d', `${text(x)} meets a filter for ${String(ins)} channels`)
    needSame('conv2d', bias, [outs])
    const h = Math.floor((height + top + bottom - tall) / stride) + 1
    const w = Math.floor((width + left + right - wide) / stride) + 1
    need(h > 0 && w > 0, 'conv2d', `${text(x)} is smaller than the filter`)
    const y = [rows, h, w, outs]
    charge(2 * rows * h * w * sizeOf(filter), Math.max(sizeOf(x), sizeOf(y)))
    return y
  },
  dense: (x, weight, bias) => {
    const [outs = 0, ins = 0] = weight
    need(channelsOf(x) === ins, 'dense', `${text(x)} meets a matrix for ${String(ins)} channels`)
    needSame('dense', bias, [outs])
    const y = [...x.slice(0, -1), outs]
    charge(2 * sizeOf(x) * outs, Math.max(sizeOf(x), sizeOf(y)))
    return y
  },
  groupNorm: (x, scale, shift, { groups }) => {
    needSame('groupNorm', scale, [channelsOf(x)])
    needSame('groupNorm', shift, scale)
    need(channelsOf(x) % groups === 0, 'groupNorm', `${text(x)} can't be cut into ${String(groups)} groups`)
    return x
  },
  activate: (_, x) => x,
  add: (x, y) => {
    needSame('add', x, y)
    return x
  },
  affine: (x) => x,
  addVector: (image, vector) => {
    needChannels('addVector', image, vector)
    return image
  },
  modulate: (image, scale, shift) => {
    needChannels('modulate', image, scale)
    needSame('modulate', scale, shift)
    return image
  },
  attention: (q, k, v, heads) => {
    needSame('attention', q, k)
    needSame('attention', q, v)
    need(channelsOf(q) % heads === 0, 'attention', `${text(q)} can't be cut into ${String(heads)} heads`)
    const [rows = 1, length = 1] = q
    charge(4 * sizeOf(q) * length, rows * heads * length * length)
    return q
  },
  toTokens: ([rows = 1, height = 1, width = 1, channels = 1]) => [rows, height * width, channels],
  toImage: (tokens, like) => {
    const image = [...like.slice(0, 3), channelsOf(tokens)]
    need(sizeOf(image) === sizeOf(tokens), 'toImage', `${text(tokens)} does not fill ${text(image)}`)
    return image
  },
  upsample: ([rows = 1, height = 1, width = 1, channels = 1]) => [rows, 2 * height, 2 * width, channels],
  averagePool: ([rows = 1, height = 1, width = 1, channels = 1]) => [
    rows,
    Math.floor(height / 2),
    Math.floor(width / 2),
    channels,
  ],
  concat: (images) => {
    const [first = []] = images
    for (const image of images) needSame('concat', image.slice(0, -1), first.slice(0, -1))
    return [...first.slice(0, -1), images.reduce((sum, image) => sum + channelsOf(image), 0)]
  },
  split: (vector, parts) => {
    const channels = channelsOf(vector)
    need(channels % parts === 0, 'split', `${text(vector)} can't be cut into ${String(parts)} parts`)
    return Array.from({ length: parts }, () => [...vector.slice(0, -1), channels / parts])
  },
  embedding: ([, width = 1], [rows = 1]) => [rows, width],
  sinusoid: ([rows = 1], { dim }) => [rows, dim],
})
