/** Constants and changes of shape that the operations share. */
import type { Graph } from './graph.ts'
import type { Spatial } from './value.ts'

/** A tensor of integers. */
export const integers = (graph: Graph, values: readonly number[]): string =>
  graph.constant({ dims: [values.length], data: BigInt64Array.from(values, BigInt) })

/** A number. */
export const scalar = (graph: Graph, value: number): string =>
  graph.constant({ dims: [], data: Float32Array.of(value) })

/** The same numbers under another shape; an extent of 0 stays what it is, and one of −1 is what is left. */
export const reshape = (graph: Graph, x: string, shape: readonly number[]): string =>
  graph.emit('Reshape', [x, integers(graph, shape)])

/** A vector `[rows, channels]` as `[rows, channels, 1, 1]`, to go with the pixels of an image. */
export const overPixels = (graph: Graph, vector: string): string =>
  graph.emit('Unsqueeze', [vector, integers(graph, [2, 3])])

/** The axes in another order. */
export const transpose = (graph: Graph, x: string, order: readonly number[]): string =>
  graph.emit('Transpose', [x], { attributes: { perm: { ints: order } } })

/** Every pixel so many times, downwards and to the right. */
export const resize = (graph: Graph, x: Spatial, down: number, right: number): Spatial => {
  const factors = graph.constant({ dims: [4], data: Float32Array.of(1, 1, down, right) })
  const name = graph.emit('Resize', [x.name, '', factors], {
    attributes: {
      mode: { string: 'nearest' },
      coordinate_transformation_mode: { string: 'asymmetric' },
      nearest_mode: { string: 'floor' },
    },
  })
  return { ...x, name, height: x.height * down, width: x.width * right }
}
