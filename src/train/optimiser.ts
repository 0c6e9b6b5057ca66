/**
 * Optimisers in the manner of optax: pure functions over named tensors, which compose.
 *
 * A transform makes better updates of given ones (gradients, to begin with). What it remembers is an argument and a result,
 * never hidden in it; so a state can be saved, and whoever goes on from it goes on to the same bits.
 */
import * as tf from '@tensorflow/tfjs-core'
import {
  asRow,
  below,
  combineTensors,
  endToEnd,
  type Layout,
  mapTensors,
  named,
  rowOf,
  takenApart,
  type Tensors,
  under,
} from './tensors.ts'

/** What a transform is told of. */
export interface Updating {
  /** How many updates have been made before this one. */
  readonly step: number
  /** The gradients, or what another transform has made of them. */
  readonly updates: Tensors
  readonly parameters: Tensors
  /** What the transform remembers. */
  readonly state: Tensors
}

/** What it makes of that; both belong to the caller. */
export interface Updated {
  readonly updates: Tensors
  readonly state: Tensors
}

/** One stage of an optimiser, or the whole: an update is added to the parameters. */
export interface Transform {
  /** What it remembers before the first update. */
  readonly init: (parameters: Tensors) => Tensors
  /** Disposes of none of its arguments, and may hand them on. */
  readonly update: (updating: Updating) => Updated
  /** The same for whoever has all numbers in one row, called `all`; where there is one, what it remembers is the same, too. */
  readonly onRow?: Transform
}

/** A number for each step. */
export type Rate = (step: number) => number

const nothing: Tensors = new Map()
const stateless = (update: (updating: Updating) => Tensors): Transform => ({
  init: () => nothing,
  update: (updating) => ({ updates: update(updating), state: nothing }),
})

/**
 * One transform after another.
 *
 * @remarks
 * What transform i remembers is called `i.NAME` in the whole's state. Tensors made on the way are left to the `tf.tidy` around the
 * call, which {@link train} has.
 *
 * @law `chain` is associative but for the names in the state, and `chain()` changes nothing
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const w = new Map([['w', tf.tensor1d([3])]])
 * const descent = chain(clipByGlobalNorm(1), scale(() => -0.1))
 * const { updates } = descent.update({ step: 0, updates: w, parameters: w, state: descent.init(w) })
 * expect(updates.get('w')?.dataSync()[0]).toBeCloseTo(-0.1)
 * ```
 */
export const chain = (...transforms: readonly Transform[]): Transform => ({
  init: (parameters) =>
    new Map(transforms.flatMap(({ init }, i) => [...below(`${String(i)}.`, init(parameters))])),
  update: (updating) =>
    transforms.reduce<Updated>(
      ({ updates, state }, { update }, i) => {
        const prefix = `${String(i)}.`
        const made = update({ ...updating, updates, state: under(prefix, updating.state) })
        return { updates: made.updates, state: new Map([...state, ...below(prefix, made.state)]) }
      },
      { updates: updating.updates, state: nothing },
    ),
})

/**
 * Shows a transform one row of numbers instead of many tensors, which is the same to whatever works element by element, and faster: optax's `flatten`.
 *
 * @param inner - knows no tensor by its name or shape; the whole's state is its own
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const g = new Map([['w', tf.ones([2, 1])], ['b', tf.scalar(3)]])
 * const { updates } = flatten(scale(() => 2)).update({ step: 0, updates: g, parameters: g, state: new Map() })
 * expect(updates.get('b')?.arraySync()).toBe(6)
 * expect([...flatten(scaleByAdam()).init(g).keys()]).toEqual(['mu.all', 'nu.all'])
 * ```
 */
export const flatten = (inner: Transform): Transform => {
  const flat = (tensors: Tensors, like: Tensors): Tensors => asRow(endToEnd(tensors, like))
  return {
    init: (parameters) => {
      const all = flat(parameters, parameters)
      const made = inner.init(all)
      tf.dispose([...all.values()])
      return made
    },
    update: ({ step, updates, parameters, state }) => {
      const all = { updates: flat(updates, parameters), parameters: flat(parameters, parameters) }
      const made = inner.update({ step, ...all, state })
      return { updates: takenApart(rowOf(made.updates), parameters), state: made.state }
    },
    onRow: inner,
  }
}

/**
 * A transform of one row, the other way round of {@link flatten}: it takes the row apart for one that has to know each tensor.
 *
 * @param transform - works on tensors by name
 * @param layout - which those are
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const row = new Map([['all', tf.tensor2d([[3, 4]])]])
 * const layout = new Map([['a', { shape: [1], size: 1 }], ['b', { shape: [1], size: 1 }]])
 * const clip = onRow(clipByGlobalNorm(1), layout)
 * const { updates } = clip.update({ step: 0, updates: row, parameters: row, state: clip.init(row) })
 * expect(updates.get('all')?.dataSync()[1]).toBeCloseTo(0.8, 5)
 * ```
 */
export const onRow = (transform: Transform, layout: Layout): Transform => {
  const apart = (row: Tensors): Tensors => takenApart(rowOf(row), layout)
  return (
    transform.onRow ?? {
      init: (row) => transform.init(apart(row)),
      update: ({ step, updates, parameters, state }) => {
        const made = transform.update({ step, updates: apart(updates), parameters: apart(parameters), state })
        return { updates: asRow(endToEnd(made.updates, layout)), state: made.state }
      },
    }
  )
}

/**
 * Multiplies updates: by the negative learning rate, mostly.
 *
 * @example
 * ```ts
 * expect(scale(() => -0.1).init(new Map()).size).toBe(0)
 * ```
 */
export const scale = (factor: Rate): Transform =>
  stateless(({ step, updates }) => combineTensors([factor(step), updates]))

/**
 * The norm of all tensors together, as if they were one vector: a scalar.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * expect(globalNorm(new Map([['a', tf.scalar(3)], ['b', tf.scalar(4)]])).arraySync()).toBe(5)
 * ```
 */
export const globalNorm = (tensors: Tensors): tf.Tensor =>
  tf.tidy(() => tf.sqrt(tf.sum(tf.square(endToEnd(tensors)))))

/**
 * Shortens updates whose {@link globalNorm} is larger than `most`: `u·min(1, most/(‖u‖ + 10⁻⁶))`, as torch has it.
 *
 * @param most - above 0
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const [updates, nothing] = [new Map([['a', tf.scalar(3)], ['b', tf.scalar(4)]]), new Map()]
 * const made = clipByGlobalNorm(1).update({ step: 0, updates, parameters: updates, state: nothing })
 * expect(made.updates.get('a')?.arraySync()).toBeCloseTo(0.6, 5)
 * ```
 */
export const clipByGlobalNorm = (most: number): Transform =>
  stateless(({ updates }) => {
    const factor = tf.minimum(1, tf.div(most, tf.add(globalNorm(updates), 1e-6)))
    return mapTensors(updates, (one) => tf.mul(one, factor))
  })

/** How Adam remembers. */
export interface AdamOptions {
  /** How much of the mean of gradients stays at each step; 0.9 unless said. */
  readonly beta1?: number
  /** The same of their squares; 0.999 unless said. */
  readonly beta2?: number
  /** Added to the root of the squares' mean; 1e-8 unless said. */
  readonly eps?: number
}

/**
 * `m̂/(√v̂ + ε)`: gradients in units of their own size (arXiv:1412.6980, alg. 1).
 *
 * @remarks
 * Remembers `mu.NAME` and `nu.NAME`, the running means m and v of gradients and of their squares, without their correction for having begun at 0.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const g = new Map([['w', tf.tensor1d([0.002, -300])]])
 * const adam = scaleByAdam()
 * const { updates } = adam.update({ step: 0, updates: g, parameters: g, state: adam.init(g) })
 * expect(updates.get('w')?.arraySync()).toEqual([1, -1].map((x) => expect.closeTo(x, 4)))
 * ```
 */
export const scaleByAdam = ({ beta1 = 0.9, beta2 = 0.999, eps = 1e-8 }: AdamOptions = {}): Transform => ({
  init: (parameters) =>
    new Map(
      ['mu.', 'nu.'].flatMap((prefix) => [
        ...below(
          prefix,
          mapTensors(parameters, (one) => tf.zerosLike(one)),
        ),
      ]),
    ),
  update: ({ step, updates, state }) => {
    const mu = combineTensors([beta1, under('mu.', state)], [1 - beta1, updates])
    const nu = combineTensors(
      [beta2, under('nu.', state)],
      [1 - beta2, mapTensors(updates, (one) => tf.square(one))],
    )
    const [meanShare, squareShare] = [1 - beta1 ** (step + 1), 1 - beta2 ** (step + 1)]
    return {
      updates: mapTensors(mu, (m, name) =>
        tf.div(tf.div(m, meanShare), tf.add(tf.div(tf.sqrt(named(nu, name)), Math.sqrt(squareShare)), eps)),
      ),
      state: new Map([...below('mu.', mu), ...below('nu.', nu)]),
    }
  },
})

/**
 * Adds a share of the parameters to the updates, which later shrinks them: weight decay that Adam does not see.
 *
 * @param share - from 0
 *
 * @example
 * ```ts
 * expect(addDecayedWeights(0.01).init(new Map()).size).toBe(0)
 * ```
 */
export const addDecayedWeights = (share: number): Transform =>
  stateless(({ updates, parameters }) => combineTensors([1, updates], [share, parameters]))

/** How AdamW learns. */
export interface AdamWOptions extends AdamOptions {
  /** The learning rate. */
  readonly rate: Rate
  /** 0.01 unless said. */
  readonly weightDecay?: number
  /** The most that the norm of all gradients may be; any unless said. */
  readonly clip?: number
}

/**
 * AdamW: `w − rate·(m̂/(√v̂ + ε) + decay·w)` (arXiv:1711.05101, alg. 2), as torch's.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const optimiser = adamw({ rate: () => 0.1, weightDecay: 0 })
 * const w = new Map([['w', tf.tensor1d([3])]])
 * const { updates } = optimiser.update({ step: 0, updates: w, parameters: w, state: optimiser.init(w) })
 * expect(applyUpdates(w, updates).get('w')?.dataSync()[0]).toBeCloseTo(2.9, 5)
 * ```
 */
export const adamw = ({ rate, weightDecay = 0.01, clip, ...adam }: AdamWOptions): Transform =>
  flatten(
    chain(
      ...(clip === undefined ? [] : [clipByGlobalNorm(clip)]),
      scaleByAdam(adam),
      addDecayedWeights(weightDecay),
      scale((step) => -rate(step)),
    ),
  )

/**
 * `parameters + updates`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const [w, u] = [3, -1].map((x) => new Map([['w', tf.tensor1d([x])]]))
 * expect(applyUpdates(w!, u!).get('w')?.arraySync()).toEqual([2])
 * ```
 */
export const applyUpdates = (parameters: Tensors, updates: Tensors): Tensors =>
  combineTensors([1, parameters], [1, updates])
