/**
 * An ONNX model as data, and its bytes. Field numbers are those of onnx.proto (ONNX 1.12, IR version 8).
 */
import { type Field, field, message } from '../../protobuf.ts'

/** The element types that occur, with the numbers that TensorProto.DataType gives them. */
export const elementType: { readonly float32: 1; readonly int64: 7; readonly float16: 10 } = {
  float32: 1,
  int64: 7,
  float16: 10,
}
const attributeType = { float: 1, int: 2, string: 3, ints: 7 } as const

/** The operators' versions, by domain; '' is ONNX itself. */
const opsets = { '': 17, 'com.microsoft': 1 } as const

/** Where an operator is defined. */
export type Domain = keyof typeof opsets

/** A constant of a node. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }

/** The constants of a node, by name. */
export type Attributes = Readonly<Record<string, Attribute>>

/** One operation: names in, names out. An empty name leaves an optional input out. */
export interface GraphNode {
  readonly op: string
  readonly domain: Domain
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Attributes
}

/** Numbers that are part of a model. */
export interface Constant {
  readonly dims: readonly number[]
  /** The 16-bit numbers are the bits of binary16. */
  readonly data: Float32Array | BigInt64Array | Uint16Array
}

/** A value that enters or leaves a model; an extent may be the name of one that only a call fixes. */
export interface Port {
  readonly name: string
  readonly type: keyof typeof elementType
  readonly shape: ReadonlyArray<number | string>
}

/** A whole model. */
export interface Model {
  /** In an order in which every value is made before it is used. */
  readonly nodes: readonly GraphNode[]
  readonly constants: ReadonlyMap<string, Constant>
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
}

const attributeFields = (name: string, attribute: Attribute): readonly Field[] => {
  const named = field.string(1, name)
  if ('int' in attribute) return [named, field.int(3, attribute.int), field.int(20, attributeType.int)]
  if ('float' in attribute)
    return [named, field.float(2, attribute.float), field.int(20, attributeType.float)]
  if ('string' in attribute)
    return [named, field.string(4, attribute.string), field.int(20, attributeType.string)]
  return [named, ...attribute.ints.map((each) => field.int(8, each)), field.int(20, attributeType.ints)]
}

const nodeFields = (node: GraphNode): readonly Field[] => [
  ...node.inputs.map((name) => field.string(1, name)),
  ...node.outputs.map((name) => field.string(2, name)),
  field.string(3, node.outputs[0] ?? ''),
  field.string(4, node.op),
  ...Object.entries(node.attributes).map(([name, value]) => field.message(5, attributeFields(name, value))),
  field.string(7, node.domain),
]

const typeOf = ({ data }: Constant): number =>
  data instanceof Float32Array
    ? elementType.float32
    : data instanceof Uint16Array
      ? elementType.float16
      : elementType.int64

const tensorFields = (name: string, constant: Constant): readonly Field[] => [
  ...constant.dims.map((extent) => field.int(1, extent)),
  field.int(2, typeOf(constant)),
  field.string(8, name),
  // little-endian, as are all machines that onnxruntime is built for
  field.bytes(9, new Uint8Array(constant.data.buffer, constant.data.byteOffset, constant.data.byteLength)),
]

const portFields = ({ name, type, shape }: Port): readonly Field[] => [
  field.string(1, name),
  field.message(2, [
    field.message(1, [
      field.int(1, elementType[type]),
      field.message(
        2,
        shape.map((extent) =>
          field.message(1, [typeof extent === 'number' ? field.int(1, extent) : field.string(2, extent)]),
        ),
      ),
    ]),
  ]),
]

/**
 * The bytes of a model's file (a ModelProto).
 *
 * @example
 * ```ts
 * const doubled = encodeModel({
 *   nodes: [{ op: 'Add', domain: '', inputs: ['x', 'x'], outputs: ['y'], attributes: {} }],
 *   constants: new Map(),
 *   inputs: [{ name: 'x', type: 'float32', shape: ['rows', 2] }],
 *   outputs: [{ name: 'y', type: 'float32', shape: ['rows', 2] }],
 * })
 * // IR version 8, in field 1
 * expect(doubled.slice(0, 2)).toEqual(Uint8Array.of(0x08, 0x08))
 * ```
 */
export const encodeModel = ({ nodes, constants, inputs, outputs }: Model): Uint8Array<ArrayBuffer> =>
  message([
    field.int(1, 8),
    field.string(2, 'rxdiffusion'),
    field.message(7, [
      ...nodes.map((node) => field.message(1, nodeFields(node))),
      field.string(2, 'network'),
      ...[...constants].map(([name, constant]) => field.message(5, tensorFields(name, constant))),
      ...inputs.map((port) => field.message(11, portFields(port))),
      ...outputs.map((port) => field.message(12, portFields(port))),
    ]),
    ...Object.entries(opsets).map(([domain, version]) =>
      field.message(8, [field.string(1, domain), field.int(2, version)]),
    ),
  ])
