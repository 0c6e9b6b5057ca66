/** A network as the bytes of an ONNX model: its inputs and outputs in the algebra's own layout, any number of rows. */
import type { NetworkAlgebra, Shape } from '../algebra.ts'
import { onnx } from '../onnx.ts'
import { type Graph, emptyGraph } from './graph.ts'
import { halved } from './halved.ts'
import { type Port, encodeModel } from './model.ts'
import { joinSiblings } from './siblings.ts'
import { reshape, transpose } from './shaping.ts'
import { type Spatial, type Value, as } from './value.ts'

/** What goes into a network: numbers of one row's shape, or for `[]` a time or (integers) a label. */
export interface Input {
  readonly name: string
  readonly type: 'float32' | 'int64'
  /** `[height, width, channels]`, `[length, channels]`, `[channels]` or `[]`. */
  readonly shape: Shape
}

const enter = (graph: Graph, { name, shape }: Input): Value => {
  if (shape.length === 0) return { kind: 'scalars', name }
  const channels = shape.at(-1) ?? 0
  if (shape.length === 1) return { kind: 'vector', name, channels }
  const [height, width] = shape.length === 2 ? [1, shape[0] ?? 0] : [shape[0] ?? 0, shape[1] ?? 0]
  const image = reshape(graph, name, [0, height, width, channels])
  // with one channel both layouts are the same numbers in the same order
  const planes =
    channels === 1 ? reshape(graph, name, [0, 1, height, width]) : transpose(graph, image, [0, 3, 1, 2])
  return { kind: shape.length === 2 ? 'tokens' : 'image', name: planes, channels, height, width }
}

const leaveSpatial = (graph: Graph, { kind, name, channels, height, width }: Spatial): Port => {
  const shape = kind === 'tokens' ? [height * width, channels] : [height, width, channels]
  const last = channels === 1 ? name : transpose(graph, name, [0, 2, 3, 1])
  return { name: reshape(graph, last, [0, ...shape]), type: 'float32', shape: ['rows', ...shape] }
}

const leave = (graph: Graph, value: Value): Port =>
  value.kind === 'vector'
    ? { name: graph.emit('Identity', [value.name]), type: 'float32', shape: ['rows', value.channels] }
    : leaveSpatial(graph, as.spatial(value))

/** How numbers are stored on the way through a network. */
export type Precision = 'single' | 'half'

/**
 * Compiles a network to the bytes of an ONNX model with dynamic batches. The inputs keep their names; the
 * outputs are to be taken in the order in which the network gives them.
 *
 * @param inputs - what the network is given, in this order
 * @param network - the network, written against the algebra
 * @param precision - of the weights and all between; inputs and outputs are float32 in any case
 *
 * @throws ModelRejected where an operation is given what it does not work on
 *
 * @example
 * ```ts
 * const bytes = compileOnnx([{ name: 'x', type: 'float32', shape: [4] }], (algebra, x) => [algebra.affine(x, 2, 1)])
 * expect(bytes.length).toBeGreaterThan(100)
 * ```
 */
export const compileOnnx = <const Inputs extends readonly Input[]>(
  inputs: Inputs,
  network: (
    algebra: NetworkAlgebra<Value>,
    ...inputs: { readonly [Place in keyof Inputs]: Value }
  ) => readonly Value[],
  precision: Precision = 'single',
): Uint8Array<ArrayBuffer> => {
  const graph = emptyGraph()
  // mapping a tuple keeps its length, which the compiler doesn't know
  const values = inputs.map((input) => enter(graph, input)) as { readonly [Place in keyof Inputs]: Value }
  const results = network(onnx(graph), ...values)
  const model = graph.close(
    inputs.map(({ name, type, shape }) => ({ name, type, shape: ['rows', ...shape] })),
    results.map((result) => leave(graph, result)),
  )
  const joined = joinSiblings(model)
  return encodeModel(precision === 'half' ? halved(joined) : joined)
}
