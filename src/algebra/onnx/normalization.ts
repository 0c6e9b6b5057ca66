/** Group normalisation. */
import type { NetworkAlgebra } from '../algebra.ts'
import type { Graph } from './graph.ts'
import { reshape } from './shaping.ts'
import { type Value, as, renamed } from './value.ts'

/**
 * The operations of {@link NetworkAlgebra} that normalise. A group is one channel to InstanceNormalization, whose own
 * scale and shift are therefore left at 1 and 0.
 */
export const normalizations = (graph: Graph): Pick<NetworkAlgebra<Value>, 'groupNorm'> => ({
  groupNorm: (value, scale, shift, { groups, eps }) => {
    const x = as.spatial(value)
    const flat = (fill: number): string =>
      graph.constant({ dims: [groups], data: new Float32Array(groups).fill(fill) })
    const perChannel = (data: Float32Array): string => graph.constant({ dims: [x.channels], data })
    const standard = graph.emit(
      'InstanceNormalization',
      [reshape(graph, x.name, [0, groups, -1]), flat(1), flat(0)],
      { attributes: { epsilon: { float: eps } } },
    )
    // one pass: mean 0 and variance 1 leave x·scale + shift
    const constant = (fill: number): string => perChannel(new Float32Array(x.channels).fill(fill))
    const name = graph.emit(
      'BatchNormalization',
      [
        reshape(graph, standard, [0, x.channels, x.height, x.width]),
        perChannel(as.weights(scale).data),
        perChannel(as.weights(shift).data),
        constant(0),
        constant(1),
      ],
      { attributes: { epsilon: { float: 0 } } },
    )
    return renamed(x, name)
  },
})
