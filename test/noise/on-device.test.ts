/**
 * Noise that is made on a GPU is that which is made here.
 */
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import type { NormalsAddress } from '../../src/algebra/algebra.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import { registerGpuKernel } from '../../src/algebra/tfjs/gpu-kernel.ts'
import { boxMuller, philoxWords } from '../../src/algebra/tfjs/normals.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { philox, type PhiloxOptions } from '../../src/noise/philox.ts'
import { philox4x32 } from '../../src/noise/philox4x32.ts'
import { orThrow } from '../../src/or-throw.ts'
import { describeOn } from '../support/engines.ts'
import { maxAbsDifference } from '../support/goldens.ts'

const SAFE = 2 ** 53 - 1

const cases: ReadonlyArray<readonly [string, PhiloxOptions, draw: number, shape: readonly number[]]> = [
  ['samples in order', { seed: 7 }, 0, [64, 28, 28, 1]],
  ['the largest seed, the last draw', { seed: SAFE }, 2 ** 32 - 1, [3, 1001]],
  ['samples in order from a large one', { seed: 1, samples: [2 ** 40, 2 ** 40 + 1] }, 5, [2, 10]],
  ['samples across a word', { seed: 1, samples: [2 ** 32 - 1, 2 ** 32] }, 5, [2, 10]],
  ['samples of one’s own', { seed: 2 ** 33 + 5, samples: [SAFE, 0, 17] }, 3, [3, 5, 5, 3]],
  ['seeds of one’s own', { seeds: [SAFE, 0, 2 ** 31, 2 ** 32] }, 1, [4, 7]],
  ['single numbers', { seed: 9 }, 2, [5]],
]

/** The words by the generator itself. */
const wordsOf = ({ draw, rows }: NormalsAddress, shape: readonly number[]): Int32Array => {
  const perRow = shape.slice(1).reduce((a, b) => a * b, 1)
  const block = new Uint32Array(4)
  const words = new Int32Array(rows.length * perRow)
  rows.forEach(({ seed, sample }, r) => {
    for (let i = 0; i < perRow; i++) {
      const high = (value: number): number => Math.floor(value / 2 ** 32)
      philox4x32(block, i >>> 2, draw, sample % 2 ** 32, high(sample), seed % 2 ** 32, high(seed))
      words[r * perRow + i] = block[i % 4]!
    }
  })
  return words
}

describeOn('webgpu:software', 'philox', () => {
  beforeAll(() => orThrow(openEngine('webgpu:software')))

  it.each(cases)('makes the same words and normals: %s', async (_, options, draw, shape) => {
    const noise = philox(options)
    const address = noise.address!(draw, shape)
    const before = tf.memory().numTensors
    const [words, z] = [philoxWords(shape, address)!, tfjs.normals!(shape, address)!]
    expect(tf.memory().numTensors).toBe(before + 2)
    expect(z.shape).toEqual(shape)
    expect(await words.data()).toEqual(wordsOf(address, shape))
    expect(maxAbsDifference(await z.data(), noise.draw(draw, shape))).toBeLessThan(1e-6)
    tf.dispose([words, z])
  })

  it('transforms the rarest words as exactly', async () => {
    const extremes = [0, 1, 2, 3, 1000, 2 ** 31 - 2, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 3]
    const radii = [...extremes, 2 ** 32 - 2, 2 ** 32 - 1, ...Array.from({ length: 32 }, (_, i) => 2 ** i - 1)]
    const eighths = Array.from({ length: 9 }, (_, i) => i * 2 ** 29 - 1)
    const angles = [...eighths, ...eighths.map((word) => word + 1), 12345, 2 ** 32 - 77].map(
      (word) => word >>> 0,
    )
    const pairs = radii.flatMap((word0) => angles.map((word1) => [word0, word1] as const))
    registerGpuKernel('Pairs', ({ inputs, run }) =>
      run(
        {
          key: '',
          inputs: ['words'],
          uniforms: [{ name: 'count', type: 'i32', value: pairs.length }],
          invocations: pairs.length,
          declarations: boxMuller,
          body: `
            if (index >= uniforms.count) { return; }
            let made = pair(bitcast<u32>(words[2 * index]), bitcast<u32>(words[2 * index + 1]));
            result[2 * index] = made.x;
            result[2 * index + 1] = made.y;`,
        },
        inputs,
        [2 * pairs.length],
      ),
    )
    const words = tf.tensor1d(Int32Array.from(pairs.flat()), 'int32')
    const made: tf.Tensor = tf.engine().runKernel('Pairs', { words })
    const expected = pairs.flatMap(([word0, word1]) => {
      const radius = Math.sqrt(-2 * Math.log((word0 + 1) / 2 ** 32))
      const angle = (2 * Math.PI * (word1 + 1)) / 2 ** 32
      return [radius * Math.cos(angle), radius * Math.sin(angle)]
    })
    expect(maxAbsDifference(await made.data(), expected)).toBeLessThan(1e-6)
    tf.dispose([words, made])
  })

  it('is left to the CPU on other backends', async () => {
    await tf.setBackend('cpu')
    expect(tfjs.normals!([1], { draw: 0, rows: [{ seed: 1, sample: 0 }] })).toBeUndefined()
  })
})
