/**
 * A TensorFlow graph as data, and its bytes. Field numbers are those of graph.proto, node_def.proto, attr_value.proto, tensor.proto,
 * meta_graph.proto and saved_model.proto.
 */
import { type Field, field, message } from '../../protobuf.ts'

/** The kinds of attributes and the element types, with the numbers that a binding gives them. */
export interface Kinds {
  readonly TF_ATTR_STRING: number
  readonly TF_ATTR_INT: number
  readonly TF_ATTR_FLOAT: number
  readonly TF_ATTR_BOOL: number
  readonly TF_ATTR_TYPE: number
  readonly TF_ATTR_SHAPE: number
}

/** An attribute of an operation, as tfjs-node gives it to TensorFlow. */
export interface Attribute {
  readonly name: string
  /** One of {@link Kinds}. */
  readonly type: number
  readonly value: unknown
}

/** What can be put into a node, and what comes out: `NODE:PLACE`. */
export type Ref = string

/** One operation of a graph. */
export interface Operation {
  readonly kind: 'operation'
  readonly name: string
  readonly op: string
  readonly inputs: readonly Ref[]
  readonly attributes: readonly Attribute[]
}

/** What a graph is given at each run. */
export interface Placeholder {
  readonly kind: 'placeholder'
  readonly name: string
  readonly dtype: number
  readonly shape: readonly number[]
}

/** What is the same at each run. */
export interface Constant {
  readonly kind: 'constant'
  readonly name: string
  readonly dtype: number
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

export type Node = Operation | Placeholder | Constant

/** What one node makes first. */
export const refTo = (node: string, place = 0): Ref => `${node}:${String(place)}`

/** Which node makes it. */
export const makerOf = (ref: Ref): string => ref.slice(0, ref.indexOf(':'))

const extents = (shape: readonly number[]): readonly Field[] =>
  shape.map((extent) => field.message(2, [field.int(1, extent)]))

const valueOf = ({ name, type, value }: Attribute, kinds: Kinds): readonly Field[] => {
  const one = (item: unknown): Field => {
    switch (type) {
      case kinds.TF_ATTR_STRING:
        return field.string(2, String(item))
      case kinds.TF_ATTR_INT:
        return field.int(3, Number(item))
      case kinds.TF_ATTR_FLOAT:
        return field.float(4, Number(item))
      case kinds.TF_ATTR_BOOL:
        return field.int(5, Number(item))
      case kinds.TF_ATTR_TYPE:
        return field.int(6, Number(item))
      case kinds.TF_ATTR_SHAPE:
        return field.message(7, extents(item as readonly number[]))
      default:
        throw new RangeError(`the attribute ${name} is of no kind that a graph has`)
    }
  }
  return Array.isArray(value) && type !== kinds.TF_ATTR_SHAPE
    ? [field.message(1, value.map(one))]
    : [one(value)]
}

const entry = (name: string, value: readonly Field[]): Field =>
  field.message(5, [field.string(1, name), field.message(2, value)])

const attributesOf = (node: Node, kinds: Kinds): readonly Field[] => {
  switch (node.kind) {
    case 'operation':
      return node.attributes.map((attribute) => entry(attribute.name, valueOf(attribute, kinds)))
    case 'placeholder':
      return [
        entry('dtype', [field.int(6, node.dtype)]),
        entry('shape', [field.message(7, extents(node.shape))]),
      ]
    case 'constant': {
      const tensor = [
        field.int(1, node.dtype),
        field.message(2, extents(node.shape)),
        field.bytes(4, node.bytes),
      ]
      return [entry('dtype', [field.int(6, node.dtype)]), entry('value', [field.message(8, tensor)])]
    }
  }
}

const ops = { placeholder: 'Placeholder', constant: 'Const' } as const

const nodeFields = (node: Node, kinds: Kinds): Field =>
  field.message(1, [
    field.string(1, node.name),
    field.string(2, node.kind === 'operation' ? node.op : ops[node.kind]),
    ...(node.kind === 'operation' ? node.inputs.map((ref) => field.string(3, ref)) : []),
    ...attributesOf(node, kinds),
  ])

/** What a graph is found by among those of a saved model. */
export const TAG = 'serve'

/** The version of the format of graphs that these nodes are written in (TF_GRAPH_DEF_VERSION of TensorFlow 2.9 and later). */
const PRODUCER = 987

/**
 * The file `saved_model.pb` with nothing but a graph.
 *
 * @param nodes - in any order
 * @param kinds - the numbers of the binding that the attributes come from
 *
 * @example
 * ```ts
 * const kinds: Kinds = { TF_ATTR_STRING: 0, TF_ATTR_INT: 1, TF_ATTR_FLOAT: 2, TF_ATTR_BOOL: 3, TF_ATTR_TYPE: 4, TF_ATTR_SHAPE: 5 }
 * const x: Node = { kind: 'placeholder', name: 'x', dtype: 1, shape: [2] }
 * expect(new TextDecoder().decode(savedModel([x], kinds))).toContain('Placeholder')
 * ```
 */
export const savedModel = (nodes: Iterable<Node>, kinds: Kinds): Uint8Array =>
  message([
    field.int(1, 1),
    field.message(2, [
      field.message(1, [field.string(4, TAG)]),
      field.message(2, [
        ...Array.from(nodes, (node) => nodeFields(node, kinds)),
        field.message(4, [field.int(1, PRODUCER)]),
      ]),
    ]),
  ])
