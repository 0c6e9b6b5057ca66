/** Attention among the tokens of an image. */
import type { NetworkAlgebra } from '../algebra.ts'
import type { Graph } from './graph.ts'
import { reshape, scalar, transpose } from './shaping.ts'
import { type Spatial, type Value, as, renamed } from './value.ts'

/**
 * `softmax(q·kᵀ/√d)·v` for each head. Channels come before pixels here, so that q, k and v are `[d, length]`
 * and the result `v·softmax(…)ᵀ` is `[d, length]` again; onnxruntime multiplies transposed matrices in place.
 */
export const attentions = (graph: Graph): Pick<NetworkAlgebra<Value>, 'attention'> => ({
  attention: (query, key, value, heads) => {
    const q = as.spatial(query)
    const depth = q.channels / heads
    const split = (x: Spatial): string => reshape(graph, x.name, [0, heads, depth, x.height * x.width])
    const swapped = (x: string): string => transpose(graph, x, [0, 1, 3, 2])
    const scores = graph.emit('MatMul', [
      swapped(graph.emit('Mul', [split(q), scalar(graph, 1 / Math.sqrt(depth))])),
      split(as.spatial(key)),
    ])
    const weights = graph.emit('Softmax', [scores], { attributes: { axis: { int: -1 } } })
    const mixed = graph.emit('MatMul', [split(as.spatial(value)), swapped(weights)])
    return renamed(q, reshape(graph, mixed, [0, q.channels, q.height, q.width]))
  },
})
