/**
 * Real images, encoded and decoded by the default model: the paper's section 5.4 in small.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as tf from '@tensorflow/tfjs-core'
import type { Values } from '../../src/algebra/algebra.ts'
import { ddim } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import type { Model } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import { invert } from '../../src/experiment/invert.ts'
import { orThrow } from '../../src/or-throw.ts'
import { ascend } from '../../src/stream/ascend.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { finalSnapshot } from '../../src/stream/snapshot.ts'

const file = (what: string, header: number): Uint8Array =>
  readFileSync(new URL(`../data/fashion-mnist/t10k-16-${what}-ubyte`, import.meta.url)).subarray(header)

const labels = [...file('labels-idx1', 8)]
const images: Values = {
  shape: [16, 28, 28, 1],
  data: Float32Array.from(file('images-idx3', 16), (byte) => byte / 127.5 - 1),
}

const noise = {
  name: 'none',
  draw: () => {
    throw new Error('nobody draws')
  },
}

let model: Model
beforeAll(async () => {
  model = await orThrow(loadModel(await orThrow(openEngine('onnx'))))
})

const table: string[] = []
afterAll(() => {
  model[Symbol.dispose]()
  console.log(['steps\tplain\trefined once', ...table].join('\n'))
})

/** The mean squared error, on a scale of [0, 1], of images that went to x_T and back. */
const error = async (count: number, refinements: number): Promise<number> => {
  const { algebra, schedule } = model
  const condition = { labels }
  const start = algebra.fromValues(images)
  const up$ = ascend(schedule, trailing(count), { evaluateAt: 'destination' })
  const encoded = await finalSnapshot(up$.pipe(invert({ model, condition, start, refinements })))
  const xT = algebra.fromValues(encoded.xt)
  const decode = denoise({ model, rule: ddim(), clip: 'none', condition, noise, start: xT })
  const { xt } = await finalSnapshot(respace(schedule, trailing(count)).pipe(decode))
  ;[start, xT].forEach(algebra.dispose)
  const squares = Array.from(xt.data, (value, i) => ((value - images.data[i]!) / 2) ** 2)
  return squares.reduce((sum, square) => sum + square, 0) / squares.length
}

describe('encoding and decoding 16 images of clothes', () => {
  it('errs less with more steps, and less still when each is refined', async () => {
    const before = tf.memory().numTensors
    const plain: number[] = []
    const refined: number[] = []
    for (const count of [10, 20, 40]) plain.push(await error(count, 0))
    for (const count of [10, 20]) refined.push(await error(count, 1))
    for (const [k, count] of [10, 20, 40].entries())
      table.push([count, plain[k]!.toExponential(1), refined[k]?.toExponential(1) ?? ''].join('\t').trimEnd())

    expect(plain[1]).toBeLessThan(plain[0]! / 2)
    expect(plain[2]).toBeLessThan(plain[1]! / 3)
    expect(refined[0]).toBeLessThan(plain[0]! / 3)
    expect(refined[1]).toBeLessThan(plain[1]! / 8)
    expect(refined[1]).toBeLessThan(plain[2]!)
    expect(tf.memory().numTensors).toBe(before)
  }, 300_000)
})
