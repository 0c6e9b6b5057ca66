import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { NetworkAlgebra, Parameters, Shape, Values } from '../../src/algebra/algebra.ts'
import { float64, float64Parameters, type Values64 } from '../../src/algebra/float64.ts'
import { onnx, onnxParameters } from '../../src/algebra/onnx.ts'
import { emptyGraph } from '../../src/algebra/onnx/graph.ts'
import { encodeModel } from '../../src/algebra/onnx/model.ts'
import { field, message } from '../../src/protobuf.ts'
import { sizeOf } from '../../src/algebra/shape.ts'
import { E } from '../../src/fp.ts'
import { unet2dOnnx } from '../../src/engine/onnx.ts'
import { decodeUNet2DConfig } from '../../src/model/unet2d-config.ts'
import {
  goldenPath,
  maxAbsDifference,
  nchwToNhwc,
  nhwcToNchw,
  readJson,
  readSafetensors,
  tensorOf,
} from '../support/goldens.ts'
import { runModel, runOnnx } from '../support/onnx.ts'

/** Numbers that look random and are the same every time, in [−1, 1). */
const scattered = (shape: Shape, seed: number): Values64 => ({
  shape,
  data: Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
    const wave = Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453
    return Math.fround(2 * (wave - Math.floor(wave)) - 1)
  }),
})

type Operation = <T>(
  algebra: NetworkAlgebra<T>,
  weight: Parameters<T>,
  ...inputs: readonly T[]
) => T | readonly T[]

const padded = (top: number, bottom: number, left: number, right: number) => ({ top, bottom, left, right })
const around = (pixels: number) => padded(pixels, pixels, pixels, pixels)
const list = <T>(result: T | readonly T[]): readonly T[] => (Array.isArray(result) ? result : [result]) as T[]

const image: Shape = [3, 7, 5, 4]
const tokens: Shape = [3, 11, 8]
const vector: Shape = [3, 6]

const operations: Readonly<Record<string, readonly [inputs: readonly Shape[], operation: Operation]>> = {
  'conv2d, 3×3 with padding': [
    [image],
    (a, w, x) => a.conv2d(x, w('w', [6, 4, 3, 3]), w('b', [6]), { stride: 1, padding: around(1) }),
  ],
  'conv2d, 3×3 without padding': [
    [image],
    (a, w, x) => a.conv2d(x, w('w', [6, 4, 3, 3]), w('b', [6]), { stride: 1, padding: around(0) }),
  ],
  'conv2d, stride 2 on odd extents': [
    [image],
    (a, w, x) => a.conv2d(x, w('w', [6, 4, 3, 3]), w('b', [6]), { stride: 2, padding: around(1) }),
  ],
  'conv2d, stride 2, padded below and on the right': [
    [[2, 8, 6, 4]],
    (a, w, x) => a.conv2d(x, w('w', [6, 4, 3, 3]), w('b', [6]), { stride: 2, padding: padded(0, 1, 0, 1) }),
  ],
  'conv2d, 1×1': [
    [image],
    (a, w, x) => a.conv2d(x, w('w', [6, 4, 1, 1]), w('b', [6]), { stride: 1, padding: around(0) }),
  ],
  'conv2d with channels in blocks of 16, as fast paths like them': [
    [[2, 9, 6, 32]],
    (a, w, x) => a.conv2d(x, w('w', [16, 32, 3, 3]), w('b', [16]), { stride: 1, padding: around(1) }),
  ],
  'conv2d behind upsample': [
    [image],
    (a, w, x) =>
      a.conv2d(a.upsample(x), w('w', [6, 4, 3, 3]), w('b', [6]), { stride: 1, padding: around(1) }),
  ],
  'conv2d, 1×1, behind upsample': [
    [image],
    (a, w, x) =>
      a.conv2d(a.upsample(x), w('w', [6, 4, 1, 1]), w('b', [6]), { stride: 1, padding: around(0) }),
  ],
  'conv2d, stride 2, behind upsample': [
    [image],
    (a, w, x) =>
      a.conv2d(a.upsample(x), w('w', [6, 4, 3, 3]), w('b', [6]), { stride: 2, padding: around(1) }),
  ],
  'conv2d behind upsample and an activation': [
    [image],
    (a, w, x) =>
      a.conv2d(a.activate('silu', a.upsample(x)), w('w', [6, 4, 3, 3]), w('b', [6]), {
        stride: 1,
        padding: around(1),
      }),
  ],
  'dense on a vector': [[vector], (a, w, x) => a.dense(x, w('w', [5, 6]), w('b', [5]))],
  'dense on tokens': [[tokens], (a, w, x) => a.dense(x, w('w', [5, 8]), w('b', [5]))],
  'three dense layers on the same tokens': [
    [tokens],
    (a, w, x) => ['q', 'k', 'v'].map((name) => a.dense(x, w(`${name}.w`, [16, 8]), w(`${name}.b`, [16]))),
  ],
  'three dense layers on the same vector': [
    [vector],
    (a, w, x) => [3, 5, 1].map((to, i) => a.dense(x, w(`w${i}`, [to, 6]), w(`b${i}`, [to]))),
  ],
  'groupNorm on an image': [
    [[3, 7, 5, 8]],
    (a, w, x) => a.groupNorm(x, w('s', [8]), w('b', [8]), { groups: 4, eps: 1e-5 }),
  ],
  'groupNorm on an image, one group, large eps': [
    [[3, 7, 5, 8]],
    (a, w, x) => a.groupNorm(x, w('s', [8]), w('b', [8]), { groups: 1, eps: 0.5 }),
  ],
  'groupNorm on tokens': [
    [tokens],
    (a, w, x) => a.groupNorm(x, w('s', [8]), w('b', [8]), { groups: 2, eps: 1e-6 }),
  ],
  'groupNorm far from 0': [
    [[2, 6, 6, 8]],
    (a, w, x) => a.groupNorm(a.affine(x, 1, 8), w('s', [8]), w('b', [8]), { groups: 2, eps: 1e-5 }),
  ],
  'groupNorm behind addVector': [
    [[3, 7, 5, 6], vector],
    (a, w, x, v) => a.groupNorm(a.addVector(x, v), w('s', [6]), w('b', [6]), { groups: 3, eps: 1e-5 }),
  ],
  'silu behind groupNorm': [
    [[3, 7, 5, 8]],
    (a, w, x) => a.activate('silu', a.groupNorm(x, w('s', [8]), w('b', [8]), { groups: 4, eps: 1e-5 })),
  ],
  silu: [[image], (a, _, x) => a.activate('silu', a.affine(x, 9, 0))],
  mish: [[image], (a, _, x) => a.activate('mish', a.affine(x, 9, 0))],
  gelu: [[image], (a, _, x) => a.activate('gelu', a.affine(x, 3, 0))],
  relu: [[vector], (a, _, x) => a.activate('relu', x)],
  add: [[tokens, tokens], (a, _, x, y) => a.add(x, y)],
  affine: [[tokens], (a, _, x) => a.affine(x, -2.5, 0.75)],
  addVector: [[[3, 7, 5, 6], vector], (a, _, x, v) => a.addVector(x, v)],
  modulate: [[[3, 7, 5, 6], vector, vector], (a, _, x, scale, shift) => a.modulate(x, scale, shift)],
  'attention, one head': [[tokens, tokens, tokens], (a, _, q, k, v) => a.attention(q, k, v, 1)],
  'attention, four heads': [
    [tokens, tokens, tokens],
    (a, _, q, k, v) => a.attention(a.affine(q, 8, 0), k, v, 4),
  ],
  'attention on the tokens of an image, and back': [
    [[2, 5, 3, 8]],
    (a, w, x) => {
      const [q, k, v] = ['q', 'k', 'v'].map((name) =>
        a.dense(a.toTokens(x), w(`${name}.w`, [8, 8]), w(`${name}.b`, [8])),
      )
      return a.add(a.toImage(a.attention(q!, k!, v!, 2), x), x)
    },
  ],
  toTokens: [[image], (a, _, x) => a.toTokens(x)],
  toImage: [[[3, 35, 2], image], (a, _, x, like) => a.toImage(x, like)],
  upsample: [[image], (a, _, x) => a.upsample(x)],
  'averagePool on odd extents': [[image], (a, _, x) => a.averagePool(x)],
  concat: [[image, [3, 7, 5, 2], image], (a, _, ...all) => a.concat(all)],
  split: [[vector], (a, _, x) => a.split(x, 3)],
  'an image of one channel': [[[2, 4, 3, 1]], (a, _, x) => a.affine(x, 2, 0)],
}

describe('an operation of the onnx algebra agrees with float64', () => {
  it.each(Object.entries(operations))('%s', async (_, [shapes, operation]) => {
    const weights = new Map<string, Values64>()
    const read = (name: string, shape: Shape): Values64 => {
      const known = weights.get(name) ?? scattered(shape, 100 + weights.size)
      weights.set(name, known)
      return known
    }
    const inputs = shapes.map((shape, i) => scattered(shape, i))
    const wanted = list(operation(float64, float64Parameters(read), ...inputs))
    const found = await runOnnx(
      inputs.map((values) => ['float32', values]),
      (algebra, ...values) => list(operation(algebra, onnxParameters(read), ...values)),
    )
    expect(found.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape))
    found.forEach(({ data }, i) => expect(maxAbsDifference(data, wanted[i]!.data)).toBeLessThan(1e-5))
  })

  it('embedding', async () => {
    const table = scattered([5, 4], 1)
    const indices: Values = { shape: [3], data: Float64Array.of(4, 0, 4) }
    const [rows] = await runOnnx([['int64', indices]], (algebra, labels) => [
      algebra.embedding(onnxParameters(() => table)('table', [5, 4]), labels),
    ])
    expect(rows?.shape).toEqual([3, 4])
    expect([...rows!.data]).toEqual([16, 0, 16].flatMap((at) => [...table.data.slice(at, at + 4)]))
  })

  it.each([
    { dim: 8, flipSinToCos: true, freqShift: 0 },
    { dim: 6, flipSinToCos: false, freqShift: 1 },
    { dim: 7, flipSinToCos: false, freqShift: 0 },
  ])('sinusoid %o', async (options) => {
    const times: Values64 = { shape: [4], data: Float64Array.of(0, 1, 500, 999) }
    const [row] = await runOnnx([['float32', times]], (algebra, t) => [algebra.sinusoid(t, options)])
    // an angle near 1000 is known to 3e-5 in float32
    expect(maxAbsDifference(row!.data, float64.sinusoid(times, options).data)).toBeLessThan(6e-5)
  })
})

describe('a UNet compiled to onnx', () => {
  const cases = readdirSync(goldenPath('unet'))

  it.each(cases)('agrees with diffusers on %s to 2e-4, whatever the batch', async (name) => {
    const path = goldenPath(`unet/${name}/config.json`)
    const config = E.getOrElseW((failure) => {
      throw failure
    })(decodeUNet2DConfig(path)(readJson(path)))
    const weights = readSafetensors(goldenPath(`unet/${name}/diffusion_pytorch_model.safetensors`))
    const io = readSafetensors(goldenPath(`unet/${name}/io.safetensors`))
    const bytes = unet2dOnnx(
      config,
      onnxParameters((tensor) => tensorOf(weights, tensor)),
    )
    const labels = io.tensors.get('class_labels')
    // more rows than the golden has are the same ones again
    const rows = ({ shape, data }: Values64, count: number): Values64 => {
      const row = data.length / shape[0]!
      return {
        shape: [count, ...shape.slice(1)],
        data: Float64Array.from({ length: count * row }, (_, i) => data[i % data.length]!),
      }
    }
    for (const count of [2, 1, 7]) {
      const [out] = await runModel(bytes, [
        ['float32', rows(nchwToNhwc(tensorOf(io, 'sample')), count)],
        ['float32', rows(tensorOf(io, 'timestep'), count)],
        ...(labels === undefined ? [] : [['int64', rows(labels, count)] as const]),
      ])
      const error = maxAbsDifference(nhwcToNchw(out!).data, rows(tensorOf(io, 'out'), count).data)
      expect(error).toBeLessThan(2e-4)
    }
  })
})

describe('the bytes of a model', () => {
  it('are those of protocol buffers', () => {
    expect(field.int(1, 300)).toEqual(Uint8Array.of(0x08, 0xac, 0x02))
    expect(field.int(1, -1)).toEqual(Uint8Array.of(0x08, ...new Array<number>(9).fill(0xff), 1))
    expect(field.float(2, 1)).toEqual(Uint8Array.of(0x15, 0, 0, 0x80, 0x3f))
    expect(field.string(2, 'testing')).toEqual(Uint8Array.of(0x12, 7, ...Buffer.from('testing')))
    expect(message([field.message(3, [field.int(1, 150)])])).toEqual(Uint8Array.of(0x1a, 3, 0x08, 0x96, 1))
  })

  it('hold every weight once and nothing that no output needs', () => {
    const graph = emptyGraph()
    const algebra = onnx(graph)
    const x = { kind: 'vector', name: 'x', channels: 4 } as const
    const weight = onnxParameters((_, shape) => scattered(shape, 1))
    const twice = [1, 2].map(() => algebra.dense(x, weight('w', [4, 4]), weight('b', [4])))
    algebra.activate('relu', twice[0]!)
    const [y] = twice.map((value) => (value.kind === 'vector' ? value.name : ''))
    const port = (name: string) => ({ name, type: 'float32', shape: ['rows', 4] }) as const
    const model = graph.close([port('x')], [port(y!)])
    expect(model.nodes.map((node) => node.op)).toEqual(['Gemm'])
    expect(model.constants.size).toBe(2)
    expect(encodeModel(model).length).toBeLessThan(400)
  })

  it('are not made of an operation on the wrong kind of value', () => {
    const algebra = onnx(emptyGraph())
    const t = { kind: 'scalars', name: 't' } as const
    expect(() => algebra.upsample(t)).toThrow(
      'The engine onnx could not run the model: an operation on an image was given scalars.',
    )
  })
})
