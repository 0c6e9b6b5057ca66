/**
 * Computations as TensorFlow graphs: recorded when they come in the same shapes again, and run whole from then on.
 *
 * TensorFlow then plans the work: it fuses a convolution with its bias, does in place what it can, and hands out what does not
 * depend on each other to several threads; and JavaScript calls it once and not for each of some thousand operations.
 */
import * as tf from '@tensorflow/tfjs-core'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withGradient } from '../../algebra/tfjs/with-gradient.ts'
import type { Compiler, Computation } from '../../algebra/tfjs/compiled.ts'
import { type Kinds, makerOf, type Node, type Ref, refTo, savedModel, TAG } from './graph.ts'
import { type NodeBackend, recorded } from './recording.ts'

/** A graph on the backend, and which way a computation goes through it. */
interface Route {
  readonly session: number
  /** The inputs, then the others. */
  readonly given: readonly Ref[]
  readonly value: Ref
  /** What the way back takes from the way there. */
  readonly kept: readonly Ref[]
  /** Where that can be had, one for one. */
  readonly shown: readonly Ref[]
  readonly slope: Ref
  readonly gradients: readonly Ref[]
}

/** All nodes that something is made from. */
const makersOf = (
  nodes: ReadonlyMap<string, Node>,
  refs: readonly Ref[],
  stop: (node: Node) => boolean,
): Set<string> => {
  const seen = new Set<string>()
  const ahead = refs.map(makerOf)
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    const node = nodes.get(name)
    if (seen.has(name) || node === undefined || stop(node)) continue
    seen.add(name)
    if (node.kind === 'operation') ahead.push(...node.inputs.map(makerOf))
  }
  return seen
}

const opOf = (node: Node | undefined): string => (node?.kind === 'operation' ? node.op : '')

/** Operations that leave numbers as they are: to do them again costs less than to hand out what they make, and to take it back. */
const moves: ReadonlySet<string> = new Set(['Reshape', 'SplitV'])

/** What the way back takes from operations of the way there. */
const keptOf = (nodes: ReadonlyMap<string, Node>, value: Ref, gradients: readonly Ref[]): readonly Ref[] => {
  const made = makersOf(nodes, [value], ({ kind }) => kind !== 'operation')
  const there = new Set([...made].filter((name) => !moves.has(opOf(nodes.get(name)))))
  const back = makersOf(nodes, gradients, ({ name }) => there.has(name))
  const taken = [...back].flatMap((name) => {
    const node = nodes.get(name)
    return node?.kind === 'operation' ? node.inputs : []
  })
  return [...new Set([...taken, ...gradients])].filter((ref) => there.has(makerOf(ref)))
}

/**
 * A node that shows what another has made. Who is asked for the latter itself may not get it: the planner thinks it free to fuse away
 * whatever one node alone takes from.
 */
const shown = (ref: Ref, dtype: number, { TF_ATTR_TYPE }: Kinds): Node => ({
  kind: 'operation',
  name: `shown-${ref.replace(':', '-')}`,
  op: 'Identity',
  inputs: [ref],
  attributes: [{ name: 'T', type: TF_ATTR_TYPE, value: dtype }],
})

const open = (backend: NodeBackend, nodes: Iterable<Node>): number => {
  const folder = mkdtempSync(join(tmpdir(), 'rxdiffusion-graph-'))
  try {
    writeFileSync(join(folder, 'saved_model.pb'), savedModel(nodes, backend.binding))
    return backend.binding.loadSavedModel(folder, TAG)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const record = (
  backend: NodeBackend,
  computation: Computation,
  inputs: readonly tf.Tensor[],
  others: readonly tf.Tensor[],
  outcome: readonly number[],
): Route => {
  const engine = tf.engine()
  engine.startScope()
  try {
    const slope = tf.ones([...outcome])
    const {
      nodes,
      dtypes,
      inputs: given,
      outputs,
    } = recorded(backend, [...inputs, ...others, slope], () => {
      const { value, grads } = tf.valueAndGrads((...by) => computation(by, others))([...inputs], slope)
      return [value, ...grads]
    })
    const [value = '', ...gradients] = outputs
    const kept = keptOf(nodes, value, gradients)
    const windows = kept.map((ref) => shown(ref, dtypes.get(ref)!, backend.binding))
    return {
      session: open(backend, [...nodes.values(), ...windows]),
      given: given.slice(0, -1),
      value,
      kept,
      shown: windows.map(({ name }) => refTo(name)),
      slope: given.at(-1)!,
      gradients,
    }
  } finally {
    engine.endScope()
  }
}

const follow = (
  backend: NodeBackend,
  { session, given, value, kept, shown, slope, gradients }: Route,
): Computation => {
  const run = (tensors: readonly tf.Tensor[], from: readonly Ref[], to: readonly Ref[]): tf.Tensor[] =>
    backend.runSavedModel(
      session,
      tensors,
      from.map((name) => ({ name })),
      to,
    )
  return (inputs, others) => {
    const all = [...inputs, ...others]
    const learns = tf.engine().state.gradientDepth > 0
    const through = withGradient((_: readonly tf.Tensor[], save) => {
      const [made, ...left] = run(all, given, learns ? [value, ...shown] : [value])
      save([...all, ...left])
      return {
        value: made!,
        gradFunc: (dy, saved) => run([...saved, dy], [...given, ...kept, slope], gradients),
      }
    })
    return through(...inputs)
  }
}

const shapesOf = (tensors: readonly tf.Tensor[]): string =>
  tensors.map(({ dtype, shape }) => `${dtype} ${shape.join('×')}`).join(', ')

/** How many graphs a computation has at a time: each holds memory, and batches are of one size, or of two. */
const MOST = 4

/**
 * Compiles for tfjs-node. What comes in shapes for the first time is done operation by operation, since it may not come again.
 *
 * @param backend - that of tfjs-node
 */
export const tensorflowCompiler =
  (backend: NodeBackend): Compiler =>
  (computation) => {
    const outcomes = new Map<string, readonly number[]>()
    const routes = new Map<string, Route>()
    const drop = (key: string, { session }: Route): void => {
      routes.delete(key)
      backend.deleteSavedModel(session)
    }
    return {
      run: (inputs, others) => {
        const key = `${shapesOf(inputs)}; ${shapesOf(others)}`
        const outcome = outcomes.get(key)
        if (outcome === undefined) {
          const made = tf.tidy(() => computation(inputs, others))
          outcomes.set(key, made.shape)
          return made
        }
        const route = routes.get(key) ?? record(backend, computation, inputs, others, outcome)
        routes.delete(key)
        const [oldest] = routes
        if (oldest !== undefined && routes.size >= MOST) drop(...oldest)
        routes.set(key, route)
        return follow(backend, route)(inputs, others)
      },
      [Symbol.dispose]: () => {
        ;[...routes].forEach((route) => {
          drop(...route)
        })
      },
    }
  }
