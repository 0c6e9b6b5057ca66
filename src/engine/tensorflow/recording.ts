/**
 * Watching TensorFlow at work: what it is asked, operation by operation, becomes a graph.
 */
import type * as tf from '@tensorflow/tfjs-core'
import { type Attribute, type Kinds, type Node, type Ref, refTo } from './graph.ts'

/** A tensor as the native part tells of it. */
interface Made {
  readonly id: number
  readonly dtype: number
}

/** What the backend of tfjs-node asks its native part. */
export interface Binding extends Kinds {
  readonly executeOp: (
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ) => readonly Made[]
  readonly createTensor: (shape: readonly number[], dtype: number, values: ArrayBufferView) => number
  readonly loadSavedModel: (folder: string, tags: string) => number
}

/** What the backend of tfjs-node shows of itself. */
export interface NodeBackend {
  binding: Binding
  readonly getInputTensorIds: (tensors: readonly tf.Tensor[]) => readonly number[]
  readonly getDTypeInteger: (dtype: tf.DataType) => number
  readonly runSavedModel: (
    id: number,
    inputs: readonly tf.Tensor[],
    infos: ReadonlyArray<{ readonly name: Ref }>,
    outputs: readonly Ref[],
  ) => tf.Tensor[]
  readonly deleteSavedModel: (id: number) => void
}

/** A graph, and where in it the tensors are that went in and came out. */
export interface Recording {
  /** By name, each behind those that it takes from. */
  readonly nodes: ReadonlyMap<string, Node>
  /** The element type of everything that a node makes. */
  readonly dtypes: ReadonlyMap<Ref, number>
  readonly inputs: readonly Ref[]
  readonly outputs: readonly Ref[]
}

/**
 * Records what is done with tensors. It is done, too.
 *
 * @param backend - that of tfjs-node
 * @param inputs - what will be others the next time; all else that is made from numbers is part of the graph
 * @param work - makes the outputs
 * @throws RangeError for work on tensors that are neither inputs nor its own
 */
export const recorded = (
  backend: NodeBackend,
  inputs: readonly tf.Tensor[],
  work: () => readonly tf.Tensor[],
): Recording => {
  const nodes = new Map<string, Node>()
  /** Which place in the graph stands for a tensor of the binding. */
  const places = new Map<number, Ref>()
  const dtypes = new Map<Ref, number>()
  const add = (node: Node, made: readonly Made[]): void => {
    nodes.set(node.name, node)
    made.forEach(({ id, dtype }, i) => {
      const place = refTo(node.name, i)
      places.set(id, place)
      dtypes.set(place, dtype)
    })
  }
  const placeOf = (id: number): Ref => {
    const place = places.get(id)
    if (place === undefined) throw new RangeError('a computation reads a tensor that it was not given')
    return place
  }
  const name = (): string => `n${String(nodes.size)}`
  const { binding } = backend
  const idsOf = (tensors: readonly tf.Tensor[]): readonly number[] => backend.getInputTensorIds(tensors)
  const inputIds = idsOf(inputs)
  inputs.forEach(({ shape, dtype }, i) => {
    const made = { id: inputIds[i]!, dtype: backend.getDTypeInteger(dtype) }
    add({ kind: 'placeholder', name: name(), dtype: made.dtype, shape }, [made])
  })

  const executeOp: Binding['executeOp'] = (op, attributes, ids, count) => {
    const made = binding.executeOp(op, attributes, ids, count)
    add({ kind: 'operation', name: name(), op, inputs: ids.map(placeOf), attributes }, made)
    return made
  }
  const createTensor: Binding['createTensor'] = (shape, dtype, values) => {
    const id = binding.createTensor(shape, dtype, values)
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice()
    add({ kind: 'constant', name: name(), dtype, shape, bytes }, [{ id, dtype }])
    return id
  }
  // the binding's own functions can't be replaced, but hidden
  const watched = Object.create(binding, {
    executeOp: { value: executeOp },
    createTensor: { value: createTensor },
  }) as Binding
  backend.binding = watched
  try {
    return { inputs: inputIds.map(placeOf), outputs: idsOf(work()).map(placeOf), nodes, dtypes }
  } finally {
    backend.binding = binding
  }
}
