/**
 * The algebra of graphs: a network written against it becomes an ONNX model, for onnxruntime to run.
 */
import type { Activation, NetworkAlgebra } from './algebra.ts'
import { attentions } from './onnx/attention.ts'
import { convolutions } from './onnx/convolution.ts'
import type { Graph } from './onnx/graph.ts'
import { normalizations } from './onnx/normalization.ts'
import { elementType } from './onnx/model.ts'
import { integers, overPixels, reshape, resize, scalar } from './onnx/shaping.ts'
import { type Scalars, type Spatial, type Value, type Vector, as, renamed } from './onnx/value.ts'
import { frequencies } from './sinusoid.ts'

export { onnxParameters, type Value } from './onnx/value.ts'

const activations = (graph: Graph): Readonly<Record<Activation, (x: string) => string>> => ({
  // x·σ(x), in one pass
  silu: (x) => graph.emit('QuickGelu', [x], { domain: 'com.microsoft', attributes: { alpha: { float: 1 } } }),
  // x·tanh(log(1 + eˣ))
  mish: (x) => graph.emit('Mul', [x, graph.emit('Tanh', [graph.emit('Softplus', [x])])]),
  gelu: (x) => graph.emit('Gelu', [x], { domain: 'com.microsoft' }),
  relu: (x) => graph.emit('Relu', [x]),
})

const cast = (graph: Graph, x: string, to: keyof typeof elementType): string =>
  graph.emit('Cast', [x], { attributes: { to: { int: elementType[to] } } })

/**
 * The instance of {@link NetworkAlgebra} that adds its operations to `graph`.
 *
 * A value keeps its channels and its extent beside its name; the number of rows stays open until the model runs.
 * Weights may be folded or transposed on the way, so they have to be given as numbers (the `weights` kind).
 *
 * @throws ModelRejected where an operation is given what it does not work on
 *
 * @example
 * ```ts
 * const algebra = onnx(emptyGraph())
 * const image: Value = { kind: 'image', name: 'x', channels: 8, height: 6, width: 5 }
 * expect(algebra.averagePool(image)).toMatchObject({ channels: 8, height: 3, width: 2 })
 * ```
 */
export const onnx = (graph: Graph): NetworkAlgebra<Value> => {
  const activation = activations(graph)
  const named = (x: Value): Spatial | Vector | Scalars => (x.kind === 'weights' ? as.vector(x) : x)

  return {
    ...convolutions(graph),
    ...normalizations(graph),
    ...attentions(graph),

    activate: (kind, x) => renamed(named(x), activation[kind](named(x).name)),
    add: (x, y) => renamed(named(x), graph.emit('Add', [named(x).name, named(y).name])),
    affine: (x, factor, offset) => {
      const scaled = factor === 1 ? named(x).name : graph.emit('Mul', [named(x).name, scalar(graph, factor)])
      return renamed(named(x), offset === 0 ? scaled : graph.emit('Add', [scaled, scalar(graph, offset)]))
    },
    addVector: (image, vector) =>
      renamed(
        as.image(image),
        graph.emit('Add', [as.image(image).name, overPixels(graph, as.vector(vector).name)]),
      ),
    modulate: (image, scale, shift) => {
      const factor = graph.emit('Add', [as.vector(scale).name, scalar(graph, 1)])
      const scaled = graph.emit('Mul', [as.image(image).name, overPixels(graph, factor)])
      return renamed(as.image(image), graph.emit('Add', [scaled, overPixels(graph, as.vector(shift).name)]))
    },

    // an image and its tokens are the same numbers in the same order
    toTokens: (image) => ({ ...as.image(image), kind: 'tokens' }),
    toImage: (tokens, like) => {
      const { channels, name } = as.spatial(tokens)
      const { height, width } = as.spatial(like)
      const same = as.spatial(tokens).height === height && as.spatial(tokens).width === width
      return {
        kind: 'image',
        name: same ? name : reshape(graph, name, [0, channels, height, width]),
        channels,
        height,
        width,
      }
    },

    upsample: (image) => ({ ...resize(graph, as.image(image), 2, 2), half: as.image(image) }),
    averagePool: (image) => {
      const x = as.image(image)
      const name = graph.emit('AveragePool', [x.name], {
        attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
      })
      return { ...renamed(x, name), height: Math.floor(x.height / 2), width: Math.floor(x.width / 2) }
    },
    concat: (images) => {
      const all = images.map(as.image)
      const names = all.map((image) => image.name)
      return {
        kind: 'image',
        name: graph.emit('Concat', names, { attributes: { axis: { int: 1 } } }),
        channels: all.reduce((sum, image) => sum + image.channels, 0),
        height: all[0]?.height ?? 0,
        width: all[0]?.width ?? 0,
      }
    },

    split: (vector, parts) => {
      const { name, channels } = as.vector(vector)
      const names = graph.emitAll('Split', [name], { attributes: { axis: { int: 1 } }, outputs: parts })
      return names.map((part) => ({ kind: 'vector', name: part, channels: channels / parts }))
    },
    embedding: (table, indices) => {
      const weights = as.weights(table)
      const rows = cast(graph, as.scalars(indices).name, 'int64')
      const name = graph.emit('Gather', [graph.constant(weights), rows])
      return { kind: 'vector', name, channels: weights.dims[1] ?? 0 }
    },
    sinusoid: (t, options) => {
      const { dim, flipSinToCos } = options
      const row = frequencies(options)
      const times = cast(graph, as.scalars(t).name, 'float32')
      const angles = graph.emit('Mul', [
        graph.emit('Unsqueeze', [times, integers(graph, [1])]),
        graph.constant({ dims: [1, row.length], data: row }),
      ])
      const [sin, cos] = [graph.emit('Sin', [angles]), graph.emit('Cos', [angles])]
      const both = graph.emit('Concat', flipSinToCos ? [cos, sin] : [sin, cos], {
        attributes: { axis: { int: 1 } },
      })
      const name = dim % 2 === 0 ? both : graph.emit('Pad', [both, integers(graph, [0, 0, 0, 1])])
      return { kind: 'vector', name, channels: dim }
    },
  }
}
