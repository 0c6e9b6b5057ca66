/**
 * Named tensors: what is trained, its gradients, and what an optimiser remembers all look like this.
 */
import * as tf from '@tensorflow/tfjs-core'
import { tfjs } from '../algebra/tfjs.ts'

/** Tensors by name. */
export type Tensors = ReadonlyMap<string, tf.Tensor>

/** Which tensors there are, in their order. */
export type Layout = ReadonlyMap<string, Pick<tf.Tensor, 'shape' | 'size'>>

/**
 * Makes a tensor of each.
 *
 * @param tensors - by name
 * @param f - of a tensor and its name
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const twice = mapTensors(new Map([['w', tf.scalar(3)]]), (w) => tf.mul(w, 2))
 * expect(twice.get('w')?.arraySync()).toBe(6)
 * ```
 */
export const mapTensors = (tensors: Tensors, f: (tensor: tf.Tensor, name: string) => tf.Tensor): Tensors =>
  new Map([...tensors].map(([name, tensor]) => [name, f(tensor, name)]))

/**
 * All tensors end to end, as one row: one kernel then does for all of them what would take one for each.
 *
 * @param tensors - at least one
 * @param like - whose order they come in; their own unless said
 * @returns `[1, size]`
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const row = endToEnd(new Map([['w', tf.ones([2, 1])], ['b', tf.zeros([1])]]))
 * expect(row.arraySync()).toEqual([[1, 1, 0]])
 * ```
 */
export const endToEnd = (tensors: Tensors, like: Layout = tensors): tf.Tensor2D =>
  tf.tidy(() =>
    tf.concat2d(
      [...like.keys()].map((name) => tf.reshape<tf.Rank.R2>(named(tensors, name), [1, -1])),
      1,
    ),
  )

/**
 * Tensors of such a row, the other way round of {@link endToEnd}.
 *
 * @param row - their numbers, `[1, size]`
 * @param like - which names and shapes there are
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const tensors = new Map([['w', tf.ones([2, 1])], ['b', tf.zeros([1])]])
 * expect(takenApart(endToEnd(tensors), tensors).get('w')?.arraySync()).toEqual([[1], [1]])
 * ```
 */
export const takenApart = (row: tf.Tensor, like: Layout): Tensors => {
  const shapes = [...like].map(([name, { shape, size }]) => ({ name, shape, size }))
  // each a vector first: wasm looks at what a tensor was made as, and wants biases of one axis
  const flat = tf.reshape(row, [-1])
  const parts = tf.split(
    flat,
    shapes.map(({ size }) => size),
  )
  const made = shapes.map(({ name, shape }, i) => [name, tf.reshape(parts[i]!, shape)] as const)
  tf.dispose([flat, ...parts])
  return new Map(made)
}

/** What all tensors together are called. */
const ALL = 'all'

/**
 * A row of all numbers as tensors by name: for a transform there is one tensor then.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * expect([...asRow(tf.ones([1, 5])).keys()]).toEqual(['all'])
 * ```
 */
export const asRow = (row: tf.Tensor): Tensors => new Map([[ALL, row]])

/**
 * The row that {@link asRow} has named.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const row = tf.ones([1, 5])
 * expect(rowOf(asRow(row))).toBe(row)
 * ```
 */
export const rowOf = (tensors: Tensors): tf.Tensor => named(tensors, ALL)

/**
 * `Σ cᵢ·tensorsᵢ` for each name.
 *
 * @param terms - a factor and tensors, of the same names
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const w = new Map([['w', tf.tensor1d([3])]])
 * expect(combineTensors([1, w], [-0.5, w]).get('w')?.arraySync()).toEqual([1.5])
 * ```
 */
export const combineTensors = (...terms: ReadonlyArray<readonly [number, Tensors]>): Tensors => {
  const like = terms[0]?.[1] ?? new Map<string, tf.Tensor>()
  if (like.size <= 1)
    return mapTensors(like, (_, name) =>
      tfjs.combine(terms.map(([factor, tensors]) => [factor, named(tensors, name)])),
    )
  const rows = terms.map(([factor, tensors]) => [factor, endToEnd(tensors, like)] as const)
  const sum = tfjs.combine(rows)
  const made = takenApart(sum, like)
  tf.dispose([sum, ...rows.map(([, row]) => row)])
  return made
}

/**
 * A tensor that has to be there.
 *
 * @example
 * ```ts
 * expect(() => named(new Map(), 'w')).toThrow('w')
 * ```
 */
export const named = (tensors: Tensors, name: string): tf.Tensor => {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new RangeError(`there is no tensor ${name}`)
  return tensor
}

/**
 * Those whose names begin so, without that beginning.
 *
 * @example
 * ```ts
 * expect([...under('mu.', new Map([['mu.w', 1], ['nu.w', 2]]))]).toEqual([['w', 1]])
 * ```
 */
export const under = <A>(prefix: string, things: ReadonlyMap<string, A>): ReadonlyMap<string, A> =>
  new Map(
    [...things].flatMap(([name, thing]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), thing] as const] : [],
    ),
  )

/**
 * The same, with longer names.
 *
 * @example
 * ```ts
 * expect([...below('mu.', new Map([['w', 1]]))]).toEqual([['mu.w', 1]])
 * ```
 */
export const below = <A>(prefix: string, things: ReadonlyMap<string, A>): ReadonlyMap<string, A> =>
  new Map([...things].map(([name, thing]) => [prefix + name, thing]))

/**
 * Frees the tensors that work makes on the way, but for those that it is to keep.
 *
 * @param work - makes tensors
 * @param kept - which of them the caller is to own
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const before = tf.memory().numTensors
 * keeping(() => tf.add(1, 2), (sum) => [sum])
 * expect(tf.memory().numTensors).toBe(before + 1)
 * ```
 */
export const keeping = <A>(work: () => A, kept: (made: A) => readonly tf.Tensor[]): A => {
  const engine = tf.engine()
  engine.startScope()
  try {
    const made = work()
    kept(made).forEach((tensor) => tf.keep(tensor))
    return made
  } finally {
    engine.endScope()
  }
}
