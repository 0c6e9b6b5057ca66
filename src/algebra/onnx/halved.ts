/**
 * A network in half precision: weights and everything in between are binary16, and what goes in and comes out stays float32.
 */
import { toFloat16 } from './float16.ts'
import { type Constant, elementType, type GraphNode, type Model } from './model.ts'

/** What is computed of times up to 1,000, which binary16 knows to ½ only, so that sines of them would be noise. */
const ofTimes = ({ nodes }: Model): ReadonlySet<GraphNode> => {
  const wanted = new Set<string>()
  return new Set(
    nodes.toReversed().filter(({ op, inputs, outputs }) => {
      const isNeeded = op === 'Sin' || op === 'Cos' || outputs.some((name) => wanted.has(name))
      if (isNeeded) inputs.forEach((name) => wanted.add(name))
      return isNeeded
    }),
  )
}

const castTo = (type: keyof typeof elementType, from: string, to: string): GraphNode => ({
  op: 'Cast',
  domain: '',
  inputs: [from],
  outputs: [to],
  attributes: { to: { int: elementType[type] } },
})

/**
 * The same model in half precision, but for its inputs and outputs and the sines of time.
 *
 * @example
 * ```ts
 * const graph = emptyGraph()
 * const y = graph.emit('Mul', ['x', graph.constant({ dims: [], data: Float32Array.of(2) })])
 * const port = (name: string): Port => ({ name, type: 'float32', shape: ['rows'] })
 * const { nodes, constants } = halved(graph.close([port('x')], [port(y)]))
 * expect(nodes.map(({ op }) => op)).toEqual(['Cast', 'Mul', 'Cast'])
 * expect([...constants.values()]).toEqual([{ dims: [], data: Uint16Array.of(0x4000) }])
 * ```
 */
export const halved = (model: Model): Model => {
  const exact = ofTimes(model)
  const constants = new Map<string, Constant>()
  /** The float32 values that a node in half precision may read. */
  const singles = new Set([
    ...model.inputs.flatMap(({ name, type }) => (type === 'float32' ? [name] : [])),
    ...[...exact].flatMap(({ op, outputs }) => (op === 'Sin' || op === 'Cos' ? outputs : [])),
  ])
  const cast = new Set<string>()

  const nodes = model.nodes.flatMap((node): readonly GraphNode[] => {
    if (exact.has(node)) {
      for (const name of node.inputs) {
        const constant = model.constants.get(name)
        if (constant !== undefined) constants.set(name, constant)
      }
      return [node]
    }
    const casts: GraphNode[] = []
    const inputs = node.inputs.map((name) => {
      const constant = model.constants.get(name)
      const half = `${name}_half`
      // how much larger an image becomes is float32 in any case
      if (constant?.data instanceof Float32Array && node.op !== 'Resize') {
        if (!constants.has(half)) constants.set(half, { ...constant, data: toFloat16(constant.data) })
        return half
      }
      if (constant !== undefined) constants.set(name, constant)
      if (!singles.has(name)) return name
      if (!cast.has(name)) casts.push(castTo('float16', name, half))
      cast.add(name)
      return half
    })
    return [...casts, { ...node, inputs }]
  })
  return {
    constants,
    nodes: [...nodes, ...model.outputs.map(({ name }) => castTo('float32', name, `${name}_single`))],
    inputs: model.inputs,
    outputs: model.outputs.map((port) => ({ ...port, name: `${port.name}_single` })),
  }
}
