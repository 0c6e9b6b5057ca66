/**
 * The algebra of tfjs' graphs: a network written against it becomes a GraphModel, as TensorFlow's converter would
 * write it.
 */
import type { NetworkAlgebra, Parameters, Values } from '../../src/algebra/algebra.ts'
import { frequencies } from '../../src/algebra/sinusoid.ts'
import { sizeOf } from '../../src/algebra/shape.ts'
import { permute } from '../../src/algebra/layout.ts'

/** A value of a graph, and its shape without the rows. */
export interface Node {
  readonly name: string
  readonly shape: readonly number[]
}

type Attribute = Readonly<Record<string, unknown>>

/** A weight of a graph. */
export interface GraphWeight {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'int32'
  readonly data: Float32Array | Int32Array
  /** Whether it was learned; what was not is never stored in fewer bits. */
  readonly learned: boolean
}

const text = (s: string): Attribute => ({ s: btoa(s) })
const ints = (list: readonly number[]): Attribute => ({ list: { i: list.map(String) } })
const dims = (shape: readonly number[]): object => ({ dim: shape.map((size) => ({ size: String(size) })) })
const types = { float32: { type: 'DT_FLOAT' }, int32: { type: 'DT_INT32' } } as const
const nhwc = { data_format: text('NHWC') }

/** An empty graph: the algebra that grows it, and what it has become. */
export const emptyTfjsGraph = () => {
  const nodes: object[] = []
  const weights: GraphWeight[] = []

  const emit = (
    op: string,
    input: readonly string[],
    attr: Readonly<Record<string, Attribute>> = {},
  ): string => {
    const name = `${op}_${nodes.length}`
    nodes.push({ name, op, input, attr: { T: types.float32, ...attr } })
    return name
  }
  const constant = (
    dtype: GraphWeight['dtype'],
    shape: readonly number[],
    data: readonly number[] | Float32Array,
    learned = false,
  ) => {
    const name = `weight_${nodes.length}`
    const tensor = { dtype: types[dtype].type, tensorShape: dims(shape) }
    nodes.push({ name, op: 'Const', attr: { dtype: types[dtype], value: { tensor } } })
    weights.push({
      name,
      shape,
      dtype,
      data: dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data),
      learned,
    })
    return name
  }
  const whole = (...list: readonly number[]): string => constant('int32', [list.length], list)
  const axis = (value: number): string => constant('int32', [], [value])
  const scalar = (value: number): string => constant('float32', [], [value])
  const reshape = (x: string, ...shape: readonly number[]): string =>
    emit('Reshape', [x, whole(-1, ...shape)], { Tshape: types.int32 })
  const transpose = (x: string, ...order: readonly number[]): string =>
    emit('Transpose', [x, whole(...order)])
  const mean = (x: string, ...axes: readonly number[]): string =>
    emit('Mean', [x, whole(...axes)], { keep_dims: { b: true } })

  /** An input; a shape of no extents is one number for each row. */
  const placeholder = (name: string, dtype: 'float32' | 'int32', shape: readonly number[]): Node => {
    nodes.push({
      name,
      op: 'Placeholder',
      attr: { dtype: types[dtype], shape: { shape: dims([-1, ...shape]) } },
    })
    return { name, shape }
  }

  /** Filters as TensorFlow lays them out; all else as checkpoints do. */
  const parameters =
    (read: (name: string) => Values): Parameters<Node> =>
    (name, shape) => {
      const { data } = shape.length === 4 ? permute(read(name), [2, 3, 1, 0]) : read(name)
      const own = shape.length === 4 ? [shape[2]!, shape[3]!, shape[1]!, shape[0]!] : shape
      return { name: constant('float32', own, Float32Array.from(data), true), shape: own }
    }

  const perPixel = ({ name, shape: [channels = 0] }: Node): string => reshape(name, 1, 1, channels)
  const activations = {
    silu: (x: string) => emit('Mul', [x, emit('Sigmoid', [x])]),
    mish: (x: string) => emit('Mul', [x, emit('Tanh', [emit('Softplus', [x])])]),
    relu: (x: string) => emit('Relu', [x]),
    gelu: (x: string) =>
      emit('Mul', [
        emit('Mul', [x, scalar(0.5)]),
        emit('AddV2', [emit('Erf', [emit('Mul', [x, scalar(Math.SQRT1_2)])]), scalar(1)]),
      ]),
  }

  const algebra: NetworkAlgebra<Node> = {
    conv2d: (x, filter, bias, { stride, padding: { top, bottom, left, right } }) => {
      const [height = 0, width = 0] = x.shape
      const [fh = 1, fw = 1, , out = 0] = filter.shape
      const paddings = constant('int32', [4, 2], [0, 0, top, bottom, left, right, 0, 0])
      const convolved = emit('Conv2D', [emit('Pad', [x.name, paddings]), filter.name], {
        strides: ints([1, stride, stride, 1]),
        padding: text('VALID'),
        dilations: ints([1, 1, 1, 1]),
        ...nhwc,
      })
      const after = (extent: number, size: number): number => Math.floor((extent - size) / stride) + 1
      return {
        name: emit('BiasAdd', [convolved, bias.name], nhwc),
        shape: [after(height + top + bottom, fh), after(width + left + right, fw), out],
      }
    },
    dense: (x, weight, bias) => {
      const [out = 0, ins = 0] = weight.shape
      const product = emit('MatMul', [reshape(x.name, ins), weight.name], {
        transpose_a: { b: false },
        transpose_b: { b: true },
      })
      const shape = [...x.shape.slice(0, -1), out]
      return { name: reshape(emit('AddV2', [product, bias.name]), ...shape), shape }
    },
    groupNorm: (x, scale, shift, { groups, eps }) => {
      const channels = x.shape.at(-1)!
      const grouped = reshape(x.name, sizeOf(x.shape.slice(0, -1)), groups, channels / groups)
      const centre = mean(grouped, 1, 3)
      const variance = mean(emit('SquaredDifference', [grouped, centre]), 1, 3)
      const steep = emit('Rsqrt', [emit('AddV2', [variance, scalar(eps)])])
      const normal = reshape(emit('Mul', [emit('Sub', [grouped, centre]), steep]), ...x.shape)
      return { name: emit('AddV2', [emit('Mul', [normal, scale.name]), shift.name]), shape: x.shape }
    },
    activate: (kind, x) => ({ name: activations[kind](x.name), shape: x.shape }),
    add: (x, y) => ({ name: emit('AddV2', [x.name, y.name]), shape: x.shape }),
    affine: (x, factor, offset) => ({
      name: emit('AddV2', [emit('Mul', [x.name, scalar(factor)]), scalar(offset)]),
      shape: x.shape,
    }),
    addVector: (image, vector) => ({
      name: emit('AddV2', [image.name, perPixel(vector)]),
      shape: image.shape,
    }),
    modulate: (image, scale, shift) => {
      const factor = emit('AddV2', [perPixel(scale), scalar(1)])
      return { name: emit('AddV2', [emit('Mul', [image.name, factor]), perPixel(shift)]), shape: image.shape }
    },
    attention: (q, k, v, heads) => {
      const [length = 0, channels = 0] = q.shape
      const dim = channels / heads
      const apart = (x: Node): string => transpose(reshape(x.name, length, heads, dim), 0, 2, 1, 3)
      const product = (a: string, b: string, adjoint: boolean): string =>
        emit('BatchMatMulV2', [a, b], { adj_x: { b: false }, adj_y: { b: adjoint } })
      const logits = emit('Mul', [product(apart(q), apart(k), true), scalar(1 / Math.sqrt(dim))])
      const seen = product(emit('Softmax', [logits]), apart(v), false)
      return { name: reshape(transpose(seen, 0, 2, 1, 3), length, channels), shape: q.shape }
    },
    toTokens: ({ name, shape: [height = 0, width = 0, channels = 0] }) => ({
      name: reshape(name, height * width, channels),
      shape: [height * width, channels],
    }),
    toImage: (tokens, like) => {
      const shape = [...like.shape.slice(0, 2), tokens.shape.at(-1)!]
      return { name: reshape(tokens.name, ...shape), shape }
    },
    upsample: ({ name, shape: [height = 0, width = 0, channels = 0] }) => ({
      name: emit('ResizeNearestNeighbor', [name, whole(2 * height, 2 * width)], {
        align_corners: { b: false },
        half_pixel_centers: { b: false },
      }),
      shape: [2 * height, 2 * width, channels],
    }),
    averagePool: ({ name, shape: [height = 0, width = 0, channels = 0] }) => ({
      name: emit('AvgPool', [name], {
        ksize: ints([1, 2, 2, 1]),
        strides: ints([1, 2, 2, 1]),
        padding: text('VALID'),
        ...nhwc,
      }),
      shape: [Math.floor(height / 2), Math.floor(width / 2), channels],
    }),
    concat: (images) => ({
      name: emit('ConcatV2', [...images.map(({ name }) => name), axis(3)], {
        N: { i: String(images.length) },
      }),
      shape: [...images[0]!.shape.slice(0, 2), images.reduce((sum, { shape }) => sum + shape[2]!, 0)],
    }),
    split: (vector, parts) => {
      const name = emit('Split', [axis(1), vector.name], { num_split: { i: String(parts) } })
      return Array.from({ length: parts }, (_, i) => ({
        name: i === 0 ? name : `${name}:${i}`,
        shape: [vector.shape[0]! / parts],
      }))
    },
    embedding: (table, indices) => ({
      name: emit('GatherV2', [table.name, indices.name, axis(0)], { batch_dims: { i: '0' } }),
      shape: [table.shape[1]!],
    }),
    sinusoid: (t, options) => {
      const row = frequencies(options)
      const angles = emit('Mul', [reshape(t.name, 1), constant('float32', [1, row.length], [...row])])
      const waves = [emit('Sin', [angles]), emit('Cos', [angles])]
      const both = emit('ConcatV2', [...(options.flipSinToCos ? waves.toReversed() : waves), axis(1)], {
        N: { i: '2' },
      })
      if (2 * row.length !== options.dim) throw new Error('odd widths are not written here')
      return { name: both, shape: [options.dim] }
    },
  }

  return {
    algebra,
    parameters,
    placeholder,
    /** The parts of a model.json. */
    close: (output: Node) => {
      nodes.push({ name: 'output', op: 'Identity', input: [output.name], attr: { T: types.float32 } })
      return { modelTopology: { node: nodes, versions: { producer: 1482 } }, weights }
    },
  }
}
