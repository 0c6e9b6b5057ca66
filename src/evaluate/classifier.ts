/**
 * A small classifier of 28×28 images in one channel, whose features images are compared by.
 */
import type { NetworkAlgebra, Parameters, Shape } from '../algebra/algebra.ts'
import { parametersOf } from '../model/architecture.ts'
import { around, layers } from '../model/layers.ts'

/**
 * How many numbers a feature has.
 *
 * @example
 * ```ts
 * expect(FEATURES).toBe(classifierShapes(10).get('classes.weight')?.[1])
 * ```
 */
export const FEATURES = 64

/** A classifier with its weights. */
export interface Classifier<T> {
  /** Images `[rows, 28, 28, 1]` in `[−1, 1]` as tokens `[rows, 1, 64]`. */
  readonly features: (images: T) => T
  /** Features as the logits of classes, `[rows, 1, classes]`. */
  readonly logits: (features: T) => T
}

/**
 * Four convolutions from 28×28 pixels to one, and a dense layer.
 *
 * @param classes - how many there are
 * @returns for an algebra and its weights, the classifier
 *
 * @example
 * ```ts
 * const { features, logits } = classifier(10)(float64, (_, shape) => values64(shape, () => undefined))
 * const seen = features(values64([2, 28, 28, 1], (data) => data.fill(0.5)))
 * expect([seen.shape, logits(seen).shape]).toEqual([[2, 1, 64], [2, 1, 10]])
 * ```
 */
export const classifier =
  (classes: number) =>
  <T>(algebra: NetworkAlgebra<T>, parameter: Parameters<T>): Classifier<T> => {
    const nn = layers(algebra, parameter)
    const silu = nn.activate('silu')
    const norm = (name: string, channels: number) => nn.groupNorm(name, channels, { groups: 8, eps: 1e-5 })
    const conv1 = nn.conv('conv1', 1, 16)
    const conv2 = nn.conv('conv2', 16, 32, { stride: 2 })
    const norm2 = norm('norm2', 32)
    const conv3 = nn.conv('conv3', 32, FEATURES, { stride: 2 })
    const norm3 = norm('norm3', FEATURES)
    const conv4 = nn.conv('conv4', FEATURES, FEATURES, { padding: around(0) })
    const dense = nn.linear('classes', FEATURES, classes)
    return {
      features: (images) => {
        const fine = silu(norm2(conv2(silu(conv1(images)))))
        const coarse = silu(norm3(conv3(fine)))
        return algebra.toTokens(silu(conv4(algebra.averagePool(coarse))))
      },
      logits: dense,
    }
  }

/**
 * The weights that a classifier asks for.
 *
 * @param classes - how many there are
 *
 * @example
 * ```ts
 * expect(classifierShapes(10).get('classes.weight')).toEqual([10, 64])
 * ```
 */
export const classifierShapes = (classes: number): ReadonlyMap<string, Shape> =>
  parametersOf((algebra, parameter) => {
    const { features, logits } = classifier(classes)(algebra, parameter)
    return (x) => logits(features(x))
  })
