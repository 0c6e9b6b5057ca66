/** Convolutions, and the layers on tokens that are convolutions with a 1×1 filter. */
import type { NetworkAlgebra, Padding } from '../algebra.ts'
import type { Graph } from './graph.ts'
import { reshape, resize } from './shaping.ts'
import { type Spatial, type Value, type Weights, as } from './value.ts'

const extent = (size: number, kernel: number, stride: number, before: number, after: number): number =>
  Math.floor((size + before + after - kernel) / stride) + 1

const convolve = (
  graph: Graph,
  x: Spatial,
  filter: Weights,
  bias: Weights,
  stride: number,
  { top, left, bottom, right }: Padding,
): Spatial => {
  const [channels = 0, , kernelHeight = 0, kernelWidth = 0] = filter.dims
  return {
    kind: x.kind,
    name: graph.emit('Conv', [x.name, graph.constant(filter), graph.constant(bias)], {
      attributes: {
        kernel_shape: { ints: [kernelHeight, kernelWidth] },
        pads: { ints: [top, left, bottom, right] },
        strides: { ints: [stride, stride] },
      },
    }),
    channels,
    height: extent(x.height, kernelHeight, stride, top, bottom),
    width: extent(x.width, kernelWidth, stride, left, right),
  }
}

/** Whether this is a 3×3 filter with zeros all around. */
const keepsSize = ({ dims }: Weights, { top, bottom, left, right }: Padding): boolean =>
  dims[2] === 3 && dims[3] === 3 && [top, bottom, left, right].every((pixels) => pixels === 1)

/**
 * The rows of a 3×3 filter as those of a 2×3 filter that does the same to every second row of an image whose rows
 * are doubled: two of its rows meet the same row, so they are added beforehand. `odd` says which second rows.
 */
const folded = ({ dims, data }: Weights, odd: boolean): Weights => {
  const [outputs = 0, inputs = 0] = dims
  const folds = Float32Array.from({ length: outputs * inputs * 6 }, (_, i) => {
    const [plane, row, column] = [Math.floor(i / 6) * 9, Math.floor(i / 3) % 2, i % 3]
    const tap = (k: number): number => data[plane + 3 * k + column] ?? 0
    if (odd) return row === 0 ? tap(0) + tap(1) : tap(2)
    return row === 0 ? tap(0) : tap(1) + tap(2)
  })
  return { kind: 'weights', dims: [outputs, inputs, 2, 3], data: folds }
}

/** A 3×3 convolution of an image that was doubled, for two thirds of the work: see {@link folded}. */
const onDoubled = (graph: Graph, half: Spatial, filter: Weights, bias: Weights): Spatial => {
  const wide = resize(graph, half, 1, 2)
  const { height, width } = wide
  const [channels = 0] = filter.dims
  const rows = [false, true].map((odd) => {
    const padding = { top: odd ? 0 : 1, bottom: odd ? 1 : 0, left: 1, right: 1 }
    const { name } = convolve(graph, wide, folded(filter, odd), bias, 1, padding)
    return reshape(graph, name, [0, channels, height, 1, width])
  })
  const woven = graph.emit('Concat', rows, { attributes: { axis: { int: 3 } } })
  const name = reshape(graph, woven, [0, channels, 2 * height, width])
  return { kind: 'image', name, channels, height: 2 * height, width }
}

const nowhere: Padding = { top: 0, bottom: 0, left: 0, right: 0 }

/** The operations of {@link NetworkAlgebra} that are convolutions. */
export const convolutions = (graph: Graph): Pick<NetworkAlgebra<Value>, 'conv2d' | 'dense'> => ({
  conv2d: (value, filter, bias, { stride, padding }) => {
    const [x, w, b] = [as.image(value), as.weights(filter), as.weights(bias)]
    return x.half !== undefined && stride === 1 && keepsSize(w, padding)
      ? onDoubled(graph, x.half, w, b)
      : convolve(graph, x, w, b, stride, padding)
  },

  dense: (x, weight, bias) => {
    const [w, b] = [as.weights(weight), as.weights(bias)]
    const [outputs = 0, inputs = 0] = w.dims
    if (x.kind === 'tokens') return convolve(graph, x, { ...w, dims: [outputs, inputs, 1, 1] }, b, 1, nowhere)
    return {
      kind: 'vector',
      name: graph.emit('Gemm', [as.vector(x).name, graph.constant(w), graph.constant(b)], {
        attributes: { transB: { int: 1 } },
      }),
      channels: outputs,
    }
  },
})
