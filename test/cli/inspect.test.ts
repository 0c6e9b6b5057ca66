import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileOnnx, type Input } from '../../src/algebra/onnx/compile.ts'
import { parseManifest } from '../../src/checkpoint/manifest.ts'
import type { NetworkKind } from '../../src/checkpoint/manifest-network.ts'
import { inspect } from '../../src/cli/inspect.ts'
import { startingManifest } from '../../src/cli/starting-manifest.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import type { NetworkPort } from '../../src/engine/network.ts'
import { bind } from '../../src/engine/network-binding.ts'
import { E } from '../../src/fp.ts'
import { orThrow } from '../../src/or-throw.ts'
import { room } from '../engine/room.ts'
import { goldenPath } from '../support/goldens.ts'
import { writeTfjs } from '../support/tfjs-files.ts'
import { emptyTfjsGraph } from '../support/tfjs-graph.ts'

const inspected = async (path: string) => {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await inspect(
    path,
    (text) => out.push(text),
    (text) => err.push(text),
  )
  return { code, out: out.join('').replaceAll(path, 'DIR'), err: err.join('').replaceAll(path, 'DIR') }
}
const image: Input = { name: 'x', type: 'float32', shape: [8, 8, 3] }
const time: Input = { name: 't', type: 'float32', shape: [] }

describe('inspect', () => {
  it('knows all of a diffusers checkpoint', async () => {
    const { code, out, err } = await inspected('pipelines/models/fashion-mnist')
    expect([code, err]).toEqual([0, ''])
    expect(out).toBe(`# DIR: a diffusers checkpoint, UNet2DModel
#
# inputs      x: float32 [any, 28, 28, 1]
#             t: float32 [any]
#             labels: int64 [any]
# output      float32 [any, 28, 28, 1]
# parameters  1,624,577 in 269 tensors
# work        0.554 GFLOP for one image and step
# schedule    linear, T = 1000, β from 0.0001 to 0.02, ᾱ at the end 0.00004036
# prediction  epsilon
# range       [-1, 1]
# labels      11: t-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, boot (10 is none)
# preset      diffusers: leading(50), clip x0:range=1, final level clean

# diffusers says all that is needed; a model.yaml may add the names of classes, and a decoder of latents.
kind: diffusers
labels: ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"]
unconditional: 10
# decoder: { kind: onnx, file: decoder.onnx, scalingFactor: 0.18215 }
`)
    expect(parseManifest('m', out)).toMatchObject(E.right({ kind: 'diffusers', unconditional: 10 }))
    const unnamed = await inspected(goldenPath('unet/class-labels-28'))
    expect(unnamed.out).toContain('# labels: [cat, dog]')
    expect(unnamed.out).toContain(
      '\n# The last of the 11 classes is taken for "none"; DIR/model.yaml can say otherwise',
    )
    expect(unnamed.out).not.toContain('# preset')
    expect((await inspected(goldenPath('unet/no-attention'))).out).not.toContain('unconditional')
  })

  it('prints a manifest with which an ONNX file loads as it is', async () => {
    const torch = readFileSync(goldenPath('onnx/class-labels-28/model.onnx'))
    const folder = room(undefined, { 'clothes.onnx': torch })
    const { code, out } = await inspected(folder)
    expect(code).toBe(0)
    expect(out).toContain('class_labels: int64 [any]')
    writeFileSync(join(folder, 'model.yaml'), out)
    using model = await orThrow(loadModel(await orThrow(openEngine('cpu')), folder))
    expect(model).toMatchObject({ shape: [28, 28, 1], labels: { count: 10 } })
    const again = await inspected(folder)
    expect(again.out).toContain('# model.yaml is there, and fits the network:')
    expect(again.out).toContain(out.replaceAll('DIR', folder).slice(-200))
    expect(parseManifest('m', again.out)).toEqual(parseManifest('m', out))
  })

  it('prints one for a graph of tfjs, and counts what it has learned', async () => {
    const graph = emptyTfjsGraph()
    const x = graph.placeholder('images', 'float32', [8, 8, 3])
    const t = graph.placeholder('step', 'int32', [1])
    const weight = graph.parameters(() => ({ shape: [3, 1], data: Float32Array.of(1, 2, 3) }))('w', [3, 1])
    const bias = graph.parameters(() => ({ shape: [3], data: new Float32Array(3) }))('b', [3])
    const shift = graph.algebra.dense(t, weight, bias)
    const { modelTopology, weights } = graph.close(graph.algebra.addVector(x, shift))
    const folder = room(undefined)
    writeTfjs(folder, 'graph-model', modelTopology, weights)
    const { code, out } = await inspected(join(folder, 'model.json'))
    expect(code).toBe(0)
    expect(out).toContain('images: float32 [any, 8, 8, 3]')
    expect(out).toMatch(/# parameters +\d+\n/)
    expect(parseManifest('m', out)).toMatchObject(
      E.right({
        kind: 'tfjs-graph',
        layout: 'NHWC',
        time: { shape: 'column' },
        inputs: { x: 'images', t: 'step' },
      }),
    )
    rmSync(join(folder, 'group1-shard1of3.bin'))
    expect(await inspected(folder)).toMatchObject({ code: 2, out: '' })
  })

  it('says in one sentence what is wrong, and ends with 2', async () => {
    const network = compileOnnx([image, time], (algebra, x) => [algebra.activate('relu', x)])
    const said = (text: string): Promise<object> => inspected(room(text, { 'model.onnx': network }))
    expect(await inspected('no/such')).toEqual({
      code: 2,
      out: '',
      err: "DIR can't be read: it does not exist.\n",
    })
    expect(await said('kind: onxx')).toMatchObject({
      code: 2,
      err: 'DIR/model.yaml:1:7 is not usable: kind is "onxx", not one of diffusers, onnx, tfjs-graph, tfjs-layers; the nearest is onnx.\n',
    })
    const fits = 'kind: onnx\nshape: [8, 8, 4]\nlayout: NHWC\nschedule: linear\nprediction: epsilon'
    expect(await said(fits)).toMatchObject({
      code: 2,
      err: 'DIR/model.yaml is not usable: shape [8, 8, 4] in the layout NHWC is [rows, 8, 8, 4], and x is [any, 8, 8, 3].\n',
    })
    const decoding =
      'kind: onnx\nshape: [8, 8, 3]\nlayout: NHWC\nschedule: linear\nprediction: epsilon\ndecoder: { kind: onnx }'
    expect(await said(decoding)).toMatchObject({
      code: 2,
      err: "DIR/decoder.onnx can't be read: it does not exist.\n",
    })
    expect(await inspected(room(undefined, { 'model.onnx': 'no' }))).toMatchObject({ code: 2, out: '' })
  })
})

describe('startingManifest', () => {
  const port = (name: string, dtype: string, ...shape: ReadonlyArray<number | undefined>): NetworkPort => ({
    name,
    dtype,
    shape: [undefined, ...shape],
  })
  const x = port('x', 'float32', 8, 8, 3)
  const cases: ReadonlyArray<
    readonly [string, NetworkKind, readonly NetworkPort[], readonly NetworkPort[], object]
  > = [
    ['NHWC of torch', 'onnx', [x, port('t', 'float32')], [x], { shape: [8, 8, 3], layout: 'NHWC' }],
    [
      'NCHW, the time first',
      'onnx',
      [port('timestep', 'int64'), port('x', 'float32', 3, 8, 4)],
      [port('y', 'float32', 6, 8, 4)],
      { shape: [8, 4, 3], layout: 'NCHW', learnedVariance: true, inputs: { x: 'x', t: 'timestep' } },
    ],
    [
      'a size that is open',
      'onnx',
      [port('x', 'float32', 4, undefined, undefined), port('t', 'float32')],
      [port('y', 'float32', 4, undefined, undefined)],
      { shape: [32, 32, 4], layout: 'NCHW' },
    ],
    [
      'classes as unit vectors, the time as an image, names that YAML would misread',
      'tfjs-layers',
      [port('null', 'float32', 8, 8, 1), port('time:0', 'float32', 8, 8, 1), port('c', 'float32', 11)],
      [port('1', 'float32', 8, 8, 1), x],
      {
        inputs: { x: 'null', t: 'time:0', labels: 'c' },
        output: '1',
        time: { as: 't', shape: 'image' },
        condition: { as: 'one-hot', classes: 11 },
      },
    ],
    [
      'vectors',
      'tfjs-graph',
      [port('z', 'float32', 2), port('t', 'float32')],
      [port('y', 'float32', 2)],
      { shape: [2] },
    ],
    [
      'shapes that are not said',
      'tfjs-graph',
      [
        { name: 'a', dtype: 'float32' },
        { name: 'b', dtype: 'float32' },
      ],
      [{ name: 'c', dtype: 'float32' }],
      { inputs: { x: 'a', t: 'b' } },
    ],
  ]
  it.each(cases)('%s', (_, kind, inputs, outputs, expected) => {
    const text = startingManifest(kind, 'some/model.onnx', { inputs, outputs })
    const manifest = parseManifest('m', text)
    expect(manifest).toMatchObject(E.right({ kind, file: 'model.onnx', ...expected }))
    expect(E.chain((said: never) => bind('m', said, { inputs, outputs }))(manifest as never)).toMatchObject({
      _tag: 'Right',
    })
  })
})
