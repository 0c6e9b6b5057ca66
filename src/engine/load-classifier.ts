/**
 * The classifier that comes with the package, by whose features images are compared (Node only).
 */
import * as tf from '@tensorflow/tfjs-core'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Values } from '../algebra/algebra.ts'
import { rowsOf, sameShape, showShape } from '../algebra/shape.ts'
import { tfjs } from '../algebra/tfjs.ts'
import { openSafetensors } from '../checkpoint/safetensors-file.ts'
import { classifier, classifierShapes, FEATURES } from '../evaluate/classifier.ts'
import type { Features } from '../evaluate/features.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { named } from '../train/tensors.ts'
import { upload } from '../train/training-state.ts'

/** How many classes Fashion-MNIST has. */
const CLASSES = 10
const IMAGE = [28, 28, 1] as const

/**
 * The folder of the classifier of Fashion-MNIST: `model.safetensors`, and a README with its recipe.
 *
 * @example
 * ```ts
 * expect(defaultClassifier).toMatch(/fashion-mnist-classifier$/)
 * ```
 */
export const defaultClassifier: string = fileURLToPath(
  new URL('../../pipelines/models/fashion-mnist-classifier', import.meta.url),
)

/** A classifier that is ready. Whoever loaded it disposes of it. */
export interface LoadedClassifier extends Disposable {
  /** Images `[rows, 28, 28, 1]` in `[−1, 1]` as features `[rows, 64]`; throws ShapesDisagree for others. */
  readonly features: (images: Values) => Promise<Features>
  /** The class of each feature. */
  readonly classes: (features: Features) => Promise<readonly number[]>
}

/**
 * Loads a classifier onto the current backend of TensorFlow.js.
 *
 * @param path - its folder; that of the package unless said
 * @returns FileUnreadable, SafetensorsInvalid, or StateInvalid for weights of another network
 *
 * @example
 * ```ts
 * await orThrow(openEngine('wasm'))
 * using network = await orThrow(loadClassifier())
 * const { shape } = await network.features({ shape: [2, 28, 28, 1], data: new Float32Array(2 * 784) })
 * expect(shape).toEqual([2, 64])
 * ```
 */
export const loadClassifier = (path: string = defaultClassifier): TE.TaskEither<Failure, LoadedClassifier> =>
  pipe(
    openSafetensors(join(path, 'model.safetensors')),
    TE.chainW(({ tensors }) =>
      pipe(
        [...tensors],
        TE.traverseSeqArray(([name, stored]) =>
          pipe(
            stored.float32,
            TE.map((data) => [name, { shape: stored.shape, data }] as const),
          ),
        ),
      ),
    ),
    TE.chainEitherKW((values) =>
      E.tryCatch(
        () => upload(new Map(values), classifierShapes(CLASSES)),
        (error) => error as Failure,
      ),
    ),
    TE.map((parameters): LoadedClassifier => {
      const { features, logits } = classifier(CLASSES)(tfjs, (name) => named(parameters, name))
      return {
        features: async (images) => {
          if (!sameShape(images.shape.slice(1), IMAGE))
            throw fail('ShapesDisagree', {
              operation: 'the classifier',
              reason: `it takes images of ${showShape(IMAGE)}, not ${showShape(images.shape.slice(1))}`,
            })
          const seen = tf.tidy(() => features(tfjs.fromValues(images)))
          const data = Float32Array.from(await seen.data())
          seen.dispose()
          return { shape: [rowsOf(images.shape), FEATURES], data }
        },
        classes: async ({ shape: [rows = 0], data }) => {
          const best = tf.tidy(() =>
            tf.argMax(
              tf.reshape(logits(tf.tensor3d(Float32Array.from(data), [rows, 1, FEATURES])), [rows, CLASSES]),
              1,
            ),
          )
          const classes = [...(await best.data())]
          best.dispose()
          return classes
        },
        [Symbol.dispose]: () => {
          tf.dispose([...parameters.values()])
        },
      }
    }),
  )
