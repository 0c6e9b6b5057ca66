/**
 * Grows a graph of operations. Equal operations on equal values are one node and equal constants one tensor,
 * so a network may ask again and again for what it already has; what no output needs is left out in the end.
 */
import type { Attributes, Constant, Domain, GraphNode, Model, Port } from './model.ts'

/** Parts of an operation that it may do without. */
export interface EmitOptions {
  readonly attributes?: Attributes
  /** How many results the operation has; 1 unless told. */
  readonly outputs?: number
  /** ONNX itself unless told. */
  readonly domain?: Domain
}

/** A graph that is being built. */
export interface Graph {
  /** Adds an operation and names its first result. */
  readonly emit: (op: string, inputs: readonly string[], options?: EmitOptions) => string
  /** Adds an operation with several results and names them all. */
  readonly emitAll: (op: string, inputs: readonly string[], options: EmitOptions) => readonly string[]
  /** Adds numbers and names them. */
  readonly constant: (constant: Constant) => string
  /** The model that computes `outputs` from `inputs`. */
  readonly close: (inputs: readonly Port[], outputs: readonly Port[]) => Model
}

// short ones are shapes, numbers, zeros and ones, which recur; comparing weights would take longer than it saves
const comparable = 64

/** The nodes that `names` depend on, in their old order. */
const needed = (nodes: readonly GraphNode[], names: readonly string[]): readonly GraphNode[] => {
  const wanted = new Set(names)
  return nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((name) => wanted.has(name))) return false
      node.inputs.forEach((name) => wanted.add(name))
      return true
    })
    .toReversed()
}

/**
 * An empty graph.
 *
 * @example
 * ```ts
 * const graph = emptyGraph()
 * const [once, again] = [graph.emit('Relu', ['x']), graph.emit('Relu', ['x'])]
 * expect(again).toBe(once)
 * expect(graph.close([], [{ name: once, type: 'float32', shape: [1] }]).nodes).toHaveLength(1)
 * ```
 */
export const emptyGraph = (): Graph => {
  const nodes: GraphNode[] = []
  const constants = new Map<string, Constant>()
  const known = new Map<string, readonly string[]>()
  const numbers = new Map<Constant['data'], number>()

  /** Equal for equal short constants, and for the same long ones under the same shape. */
  const keyOf = ({ dims, data }: Constant): string => {
    const number = numbers.get(data) ?? numbers.size
    numbers.set(data, number)
    const content = data.length > comparable ? `#${String(number)}` : data.join()
    return `${data.constructor.name}:${dims.join('x')}:${content}`
  }

  const emitAll: Graph['emitAll'] = (op, inputs, { attributes = {}, outputs = 1, domain = '' }) => {
    const key = JSON.stringify([op, inputs, attributes, outputs, domain])
    const before = known.get(key)
    if (before !== undefined) return before
    const names = Array.from({ length: outputs }, (_, k) => `${op}_${String(nodes.length)}_${String(k)}`)
    known.set(key, names)
    nodes.push({ op, domain, inputs, outputs: names, attributes })
    return names
  }

  return {
    emitAll,
    emit: (op, inputs, options = {}) => emitAll(op, inputs, { ...options, outputs: 1 }).join(),
    constant: (constant) => {
      const key = keyOf(constant)
      const [before] = known.get(key) ?? []
      if (before !== undefined) return before
      const name = `constant_${String(constants.size)}`
      constants.set(name, constant)
      known.set(key, [name])
      return name
    },
    close: (inputs, outputs) => {
      const kept = needed(
        nodes,
        outputs.map((port) => port.name),
      )
      const used = new Set(kept.flatMap((node) => node.inputs))
      return {
        nodes: kept,
        constants: new Map([...constants].filter(([name]) => used.has(name))),
        inputs,
        outputs,
      }
    },
  }
}
