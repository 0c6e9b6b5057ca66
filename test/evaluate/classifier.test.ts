import * as tf from '@tensorflow/tfjs-core'
import { lastValueFrom, map, take, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openImages, defaultImages } from '../../src/data/open-images.ts'
import type { ImageSource } from '../../src/data/image-source.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { loadClassifier, type LoadedClassifier } from '../../src/engine/load-classifier.ts'
import { type Classified, learnClasses } from '../../src/evaluate/learn-classes.ts'
import { orThrow } from '../../src/or-throw.ts'

let network: LoadedClassifier
let source: ImageSource
let before: number
beforeAll(async () => {
  await orThrow(openEngine('wasm'))
  before = tf.memory().numTensors
  network = await orThrow(loadClassifier())
  source = await orThrow(openImages(defaultImages, { shape: [28, 28, 1] }))
})
afterAll(() => {
  network[Symbol.dispose]()
})

describe('the classifier that comes with the package', () => {
  it('knows at least 88 % of 512 test images, and leaves no tensor behind', async () => {
    const tensors = tf.memory().numTensors
    const features = await network.features(await orThrow(source.read(0, 512)))
    const classes = await network.classes(features)
    const right = classes.filter((each, i) => each === source.labels?.[i]).length
    expect(features.shape).toEqual([512, 64])
    expect(right / 512).toBeGreaterThan(0.88)
    expect(tf.memory().numTensors).toBe(tensors)
    expect(tensors).toBeGreaterThan(before)
  })

  it('refuses images of another shape, and a folder without it', async () => {
    await expect(network.features({ shape: [1, 8, 8, 1], data: new Float32Array(64) })).rejects.toThrow(
      'it takes images of [28, 28, 1], not [8, 8, 1]',
    )
    expect(await loadClassifier('no/such/folder')()).toMatchObject({
      left: { message: "no/such/folder/model.safetensors can't be read: it does not exist." },
    })
  })
})

describe('learnClasses', () => {
  /** White images and black ones. */
  const data: Classified = {
    images: {
      shape: [16, 28, 28, 1],
      data: Float32Array.from({ length: 16 * 784 }, (_, i) => (Math.floor(i / 784) % 2 === 0 ? 1 : -1)),
    },
    labels: Array.from({ length: 16 }, (_, i) => i % 2),
  }
  const learning = (seed: number) => learnClasses(data, { classes: 2, epochs: 6, batch: 8, seed })

  it('learns, to the same losses for the same seed, and leaves no tensor behind', async () => {
    await orThrow(openEngine('cpu'))
    const tensors = tf.memory().numTensors
    const losses = (seed: number) =>
      lastValueFrom(
        learning(seed).pipe(
          map(({ loss }) => loss),
          toArray(),
        ),
      )
    const learnt = await losses(1)
    expect(learnt).toHaveLength(12)
    expect(learnt.at(-1)).toBeLessThan(0.5 * learnt[0]!)
    expect(await losses(1)).toEqual(learnt)
    expect(await losses(2)).not.toEqual(learnt)
    await lastValueFrom(learning(1).pipe(take(2)))
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(tf.memory().numTensors).toBe(tensors)
  })
})
