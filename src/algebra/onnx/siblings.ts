/**
 * Layers that read the same value become one wide layer: the queries, keys and values of an attention, and what every
 * block makes of the embedding of time. One large product is faster than many small ones.
 */
import type { Constant, GraphNode, Model } from './model.ts'

const single = JSON.stringify({ ints: [1, 1] })

/** Whether a node is a dense layer: on a vector, or on the pixels of an image one by one. */
const isDense = ({ op, attributes: { kernel_shape: kernel, strides } }: GraphNode): boolean =>
  op === 'Gemm' || (op === 'Conv' && JSON.stringify(kernel) === single && JSON.stringify(strides) === single)

const familyName = ({ op, inputs: [x = ''] }: GraphNode): string => `${op} ${x}`

/** Weights one below the other. */
const stacked = (parts: readonly Constant[]): Constant => {
  const floats = parts.map(({ data }) => data).filter((data) => data instanceof Float32Array)
  const data = new Float32Array(floats.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of floats) {
    data.set(part, at)
    at += part.length
  }
  const [, ...rest] = parts[0]?.dims ?? []
  return { data, dims: [parts.reduce((sum, part) => sum + (part.dims[0] ?? 0), 0), ...rest] }
}

/**
 * The same model with sibling layers joined.
 *
 * @example
 * ```ts
 * const graph = emptyGraph()
 * const algebra = onnx(graph)
 * const parameter = onnxParameters((_, shape) => ({ shape, data: new Float32Array(sizeOf(shape)) }))
 * const x: Value = { kind: 'vector', name: 'x', channels: 4 }
 * const names = [2, 3].map((to) => algebra.dense(x, parameter('w', [to, 4]), parameter('b', [to])))
 *   .map((y) => (y.kind === 'vector' ? y.name : ''))
 * const model = joinSiblings(graph.close([], names.map((name) => ({ name, type: 'float32', shape: ['rows', 4] }))))
 * expect(model.nodes.map((node) => node.op)).toEqual(['Gemm', 'Split'])
 * ```
 */
export const joinSiblings = (model: Model): Model => {
  const constants = new Map(model.constants)
  const families = new Map<string, readonly GraphNode[]>()
  for (const node of model.nodes.filter(isDense))
    families.set(familyName(node), [...(families.get(familyName(node)) ?? []), node])

  const joined = (family: readonly GraphNode[], first: GraphNode): readonly GraphNode[] => {
    const [result = ''] = first.outputs
    const input = (place: number): readonly Constant[] =>
      family.flatMap(({ inputs }) => model.constants.get(inputs[place] ?? '') ?? [])
    const sizes = input(2).map(({ dims: [size = 0] }) => size)
    constants.set(`${result}_weights`, stacked(input(1)))
    constants.set(`${result}_bias`, stacked(input(2)))
    constants.set(`${result}_sizes`, { dims: [sizes.length], data: BigInt64Array.from(sizes, BigInt) })
    const wide: GraphNode = {
      ...first,
      inputs: [first.inputs[0] ?? '', `${result}_weights`, `${result}_bias`],
      outputs: [`${result}_all`],
    }
    const split: GraphNode = {
      op: 'Split',
      domain: '',
      inputs: [`${result}_all`, `${result}_sizes`],
      outputs: family.flatMap(({ outputs }) => outputs),
      attributes: { axis: { int: 1 } },
    }
    return [wide, split]
  }

  const nodes = model.nodes.flatMap((node) => {
    const family = isDense(node) ? families.get(familyName(node)) : undefined
    if (family === undefined || family.length === 1) return [node]
    return family[0] === node ? joined(family, node) : []
  })
  const used = new Set(nodes.flatMap(({ inputs }) => inputs))
  return { ...model, nodes, constants: new Map([...constants].filter(([name]) => used.has(name))) }
}
