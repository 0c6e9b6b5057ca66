/**
 * Training a classifier: what the features are worth is told by how well it knows images that it has not seen.
 */
import * as tf from '@tensorflow/tfjs-core'
import { concatMap, defer, finalize, type Observable, range } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import { rowsOf, sizeOf } from '../algebra/shape.ts'
import { tfjs } from '../algebra/tfjs.ts'
import { permutation, uniform } from '../noise/uniform.ts'
import { initialWeights } from '../train/initial-weights.ts'
import { adamw, applyUpdates } from '../train/optimiser.ts'
import { warmupCosine } from '../train/rate.ts'
import { keeping, named, type Tensors } from '../train/tensors.ts'
import { upload } from '../train/training-state.ts'
import { classifier, classifierShapes } from './classifier.ts'

/** Images, and the class of each. */
export interface Classified {
  /** `[count, 28, 28, 1]` in `[−1, 1]`. */
  readonly images: Values
  readonly labels: readonly number[]
}

/** How to learn. */
export interface LearnOptions {
  readonly classes: number
  /** How often each image is seen; 3 unless said. */
  readonly epochs?: number
  /** Images of an update; 128 unless said. */
  readonly batch?: number
  /** The largest learning rate; 3e-3 unless said. */
  readonly rate?: number
  readonly seed: number
}

/** An update; its tensors are the run's until the next one. */
export interface Learnt {
  readonly step: number
  readonly steps: number
  /** Cross entropy of the batch before the update, in nats. */
  readonly loss: number
  readonly parameters: Tensors
}

/** What an update comes to; all tensors are the receiver's. */
interface Updated {
  readonly entropy: tf.Tensor
  readonly next: Tensors
  readonly made: Tensors
}

const picked = ({ images, labels }: Classified, places: Uint32Array): Classified => {
  const size = sizeOf(images.shape.slice(1))
  const data = new Float32Array(places.length * size)
  places.forEach((place, row) => {
    data.set(images.data.subarray(place * size, (place + 1) * size), row * size)
  })
  return {
    images: { shape: [places.length, ...images.shape.slice(1)], data },
    labels: [...places].map((place) => labels[place] ?? 0),
  }
}

const crossEntropy = (logits: tf.Tensor, labels: readonly number[], classes: number): tf.Scalar => {
  const flat = tf.reshape(logits, [labels.length, classes])
  const wanted = tf.oneHot(tf.tensor1d([...labels], 'int32'), classes)
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(flat), wanted), 1)))
}

/**
 * Learns to tell classes apart, by AdamW and a cosine, and emits every update.
 *
 * @param data - images and classes
 * @param options - see {@link LearnOptions}
 * @returns updates; the last one's parameters are the classifier, to be read while they are delivered
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const images = { shape: [4, 28, 28, 1], data: new Float32Array(4 * 784) }
 * const updates$ = learnClasses({ images, labels: [0, 1, 0, 1] }, { classes: 2, epochs: 1, batch: 2, seed: 7 })
 * const losses = await lastValueFrom(updates$.pipe(map(({ loss }) => loss), toArray()))
 * expect(losses).toHaveLength(2)
 * ```
 */
export const learnClasses = (
  data: Classified,
  { classes, epochs = 3, batch = 128, rate = 3e-3, seed }: LearnOptions,
): Observable<Learnt> => {
  const count = rowsOf(data.images.shape)
  const each = Math.floor(count / batch)
  const steps = epochs * each
  const network = classifier(classes)
  const optimiser = adamw({
    rate: warmupCosine({ peak: rate, steps, warmup: 50, floor: 1e-5 }),
    weightDecay: 1e-2,
    clip: 1,
  })
  const shapes = classifierShapes(classes)
  const order = uniform(seed, 'order')
  return defer(() => {
    let parameters = upload(initialWeights(shapes, seed))
    let state = optimiser.init(parameters)
    let places: Uint32Array = new Uint32Array()
    return range(0, steps).pipe(
      concatMap(async (step): Promise<Learnt> => {
        const at = step % each
        if (at === 0) places = permutation(count, order(step / each, count))
        const { images, labels } = picked(data, places.subarray(at * batch, (at + 1) * batch))
        const before = [...parameters.values(), ...state.values()]
        const { entropy, next, made } = keeping(
          () => update(step, tfjs.fromValues(images), labels),
          (all) => [all.entropy, ...all.next.values(), ...all.made.values()],
        )
        parameters = next
        state = made
        tf.dispose(before)
        const [loss = NaN] = await entropy.data()
        entropy.dispose()
        return { step: step + 1, steps, loss, parameters }
      }),
      finalize(() => {
        tf.dispose([...parameters.values(), ...state.values()])
      }),
    )

    function update(step: number, x: tf.Tensor, labels: readonly number[]): Updated {
      const names = [...parameters.keys()]
      let entropy = tf.scalar(0)
      const whole = (): tf.Scalar => {
        const { features, logits } = network(tfjs, (name) => named(parameters, name))
        const measured = crossEntropy(logits(features(x)), labels, classes)
        entropy = tf.keep(tf.clone(measured))
        return measured
      }
      const slopes = tf.grads(whole)(names.map((name) => named(parameters, name)))
      const updates = new Map(names.map((name, i) => [name, slopes[i]!]))
      const { updates: steps, state: made } = optimiser.update({ step, updates, parameters, state })
      return { entropy, next: applyUpdates(parameters, steps), made }
    }
  })
}
