/** Convolutions, and the layers on tokens that are convolutions with a 1×1 filter. */
import type { NetworkAlgebra, Padding } from '../algebra.ts'
import type { Graph } from './graph.ts'
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

const nowhere: Padding = { top: 0, bottom: 0, left: 0, right: 0 }

/** The operations of {@link NetworkAlgebra} that are convolutions. */
export const convolutions = (graph: Graph): Pick<NetworkAlgebra<Value>, 'conv2d' | 'dense'> => ({
  conv2d: (x, filter, bias, { stride, padding }) =>
    convolve(graph, as.image(x), as.weights(filter), as.weights(bias), stride, padding),

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
