import * as tf from '@tensorflow/tfjs-core'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { compiled, type Computation } from '../../../src/algebra/tfjs/compiled.ts'
import { silu } from '../../../src/algebra/tfjs/silu.ts'
import { openEngine } from '../../../src/engine/engines.ts'
import { savedModel } from '../../../src/engine/tensorflow/graph.ts'
import { orThrow } from '../../../src/or-throw.ts'
import { maxAbsDifference } from '../../support/goldens.ts'
import { describeOn } from '../../support/engines.ts'

/** Something of everything: constants, whole numbers, two results that one operation makes, a sum over axes. */
const computation: Computation = ([x, w], [labels]) => {
  const [left, right] = tf.split(silu(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D)), 2, 1)
  const classes = tf.cast(tf.oneHot(labels as tf.Tensor1D, 3), 'float32')
  return tf.add(tf.mul(left!, 0.5), tf.sum(tf.mul(tf.slice(classes, [0, 1], [-1, 1]), right!), 1, true))
}

const wave = (shape: number[], salt: number): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => Math.sin(1.7 * i + salt)),
    shape,
  )

/** What is asked about a batch: the value, and both gradients. */
const answers = (run: Computation, rows: number, salt: number): readonly Float32Array[] => {
  const [x, w] = [wave([rows, 5], salt), wave([5, 6], salt + 1)]
  const labels = tf.tensor1d(
    Array.from({ length: rows }, (_, row) => (row + salt) % 3),
    'int32',
  )
  const dy = wave([rows, 3], salt + 2)
  const { value, grads } = tf.valueAndGrads((a: tf.Tensor, b: tf.Tensor) => run([a, b], [labels]))([x, w], dy)
  const alone = run([x, w], [labels])
  return [value, ...grads, alone].map((tensor) => tensor.dataSync() as Float32Array)
}

const sessions = (): number =>
  (tf.backend() as unknown as { getNumOfSavedModels: () => number }).getNumOfSavedModels()

describeOn('tensorflow', 'a compiled computation', () => {
  let before = 0
  beforeAll(async () => {
    await orThrow(openEngine('tensorflow'))
  })
  beforeEach(() => {
    before = tf.memory().numTensors
  })
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(before)
    expect(sessions()).toBe(0)
  })

  it('has the value and the gradients of the computation, whatever it is given', () => {
    using whole = compiled(computation)
    for (const salt of [0, 1, 2, 3])
      tf.tidy(() => {
        const expected = answers(computation, 4, salt)
        answers(whole.run, 4, salt).forEach((numbers, i) => {
          expect(maxAbsDifference(numbers, expected[i]!)).toBeLessThan(1e-6)
        })
      })
    expect(sessions()).toBe(1)
  })

  it('makes a graph only of what comes again, and keeps no more than four', () => {
    using whole = compiled(computation)
    for (const rows of [1, 2, 3, 4, 5, 6]) {
      const [x, w, labels] = [wave([rows, 5], 0), wave([5, 6], 1), tf.zeros([rows], 'int32')]
      whole.run([x, w], [labels]).dispose()
      expect(sessions()).toBe(Math.min(rows - 1, 4))
      whole.run([x, w], [labels]).dispose()
      expect(sessions()).toBe(Math.min(rows, 4))
      tf.dispose([x, w, labels])
    }
  })

  it('asks TensorFlow once, and not for each operation', () => {
    using whole = compiled(computation)
    const backend = tf.backend() as unknown as { executeSingleOutput: (...args: unknown[]) => unknown }
    tf.tidy(() => {
      answers(whole.run, 4, 0)
      const ask = backend.executeSingleOutput
      const asked: unknown[] = []
      backend.executeSingleOutput = (op, ...rest) => {
        asked.push(op)
        return ask.call(backend, op, ...rest)
      }
      try {
        whole.run([wave([4, 5], 3), wave([5, 6], 4)], [tf.tensor1d([0, 1, 2, 0], 'int32')])
        expect(asked).toEqual([])
        computation([wave([4, 5], 3), wave([5, 6], 4)], [tf.tensor1d([0, 1, 2, 0], 'int32')])
        expect(asked.length).toBeGreaterThan(3)
      } finally {
        backend.executeSingleOutput = ask
      }
    })
  })

  it('refuses a computation that reads what it was not given', () => {
    const foreign = wave([2, 2], 5)
    using whole = compiled(([x]) => tf.add(x!, foreign))
    const x = wave([2, 2], 6)
    whole.run([x], []).dispose()
    expect(() => whole.run([x], [])).toThrow('reads a tensor that it was not given')
    // and what comes after that works as ever
    tf.tidy(() => {
      expect(tf.add(x, foreign).shape).toEqual([2, 2])
    })
    tf.dispose([foreign, x])
  })
})

describe('the bytes of a graph', () => {
  const kinds = {
    TF_ATTR_STRING: 0,
    TF_ATTR_INT: 1,
    TF_ATTR_FLOAT: 2,
    TF_ATTR_BOOL: 3,
    TF_ATTR_TYPE: 4,
    TF_ATTR_SHAPE: 5,
  }
  it('are those of the formats, field by field', () => {
    const bytes = savedModel(
      [
        {
          kind: 'operation',
          name: 'y',
          op: 'Neg',
          inputs: ['x:0'],
          attributes: [{ name: 'T', type: kinds.TF_ATTR_TYPE, value: 1 }],
        },
      ],
      kinds,
    )
    // worked out by hand from node_def.proto: name 1, op 2, input 3, attr 5 { key 1, value 2 { type 6 } }
    const node = [
      ...[0x0a, 1, 0x79],
      ...[0x12, 3, 0x4e, 0x65, 0x67],
      ...[0x1a, 3, 0x78, 0x3a, 0x30],
      ...[0x2a, 7, 0x0a, 1, 0x54, 0x12, 2, 0x30, 1],
    ]
    const versions = [0x22, 3, 0x08, 0xdb, 0x07]
    const graph = [0x0a, node.length, ...node, ...versions]
    const tags = [0x0a, 7, 0x22, 5, 0x73, 0x65, 0x72, 0x76, 0x65]
    const meta = [...tags, 0x12, graph.length, ...graph]
    expect([...bytes]).toEqual([0x08, 1, 0x12, meta.length, ...meta])
  })

  it('refuse an attribute of a kind that there is not', () => {
    expect(() =>
      savedModel(
        [
          {
            kind: 'operation',
            name: 'y',
            op: 'Neg',
            inputs: [],
            attributes: [{ name: 'T', type: 9, value: 1 }],
          },
        ],
        kinds,
      ),
    ).toThrow('the attribute T')
  })
})
