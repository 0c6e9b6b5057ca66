/** What is refused before anything runs, in a sentence; and decoders. */
import type * as tf from '@tensorflow/tfjs-core'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { firstValueFrom, from, lastValueFrom, of } from 'rxjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { compileOnnx, type Input } from '../../src/algebra/onnx/compile.ts'
import { tfjs } from '../../src/algebra/tfjs.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/engines.ts'
import type { NetworkManifest } from '../../src/checkpoint/manifest-network.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import type { Network } from '../../src/engine/network.ts'
import { bind } from '../../src/engine/network-binding.ts'
import { networkDenoiser } from '../../src/engine/network-denoiser.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { E } from '../../src/fp.ts'
import { toFilmStrip } from '../../src/media/sink/to-film-strip.ts'
import { toGrid } from '../../src/media/sink/to-grid.ts'
import { ddim } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { ask } from '../../src/model/ask.ts'
import { pixelsOf } from '../../src/media/sink/pixels-of.ts'
import { orThrow } from '../../src/or-throw.ts'
import { goldenPath } from '../support/goldens.ts'
import { chain, room } from './room.ts'

let engine: Engine
beforeAll(async () => {
  engine = await orThrow(openEngine('cpu'))
})

/** A network of x and t that says x again; t is a vector. */
const same = (shape: readonly number[], more: readonly Input[] = []): Uint8Array =>
  compileOnnx(
    [{ name: 'x', type: 'float32', shape }, { name: 't', type: 'float32', shape: [] }, ...more],
    (algebra, x) => [algebra.affine(x, 0.5, 0)],
  )
const manifest = (changes: Readonly<Record<string, string>> = {}): string =>
  Object.entries({
    kind: 'onnx',
    shape: '[8, 8, 3]',
    layout: 'NHWC',
    schedule: 'linear',
    prediction: 'epsilon',
    ...changes,
  })
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n')

const refused = async (path: string): Promise<string> => {
  const loaded = await loadModel(engine, path)()
  if (E.isRight(loaded)) throw new Error('it was loaded')
  return loaded.left.message.replaceAll(path, 'DIR')
}

describe('loadModel refuses', () => {
  const files = { 'model.onnx': same([8, 8, 3]) }

  it('a network without a manifest, and says how to make one', async () => {
    const sentence =
      'DIR/model.yaml is not usable: it is missing or empty, and only it could say how model.onnx is to be asked; ' +
      '`rxdiffusion inspect DIR` prints one to start from.'
    expect(await refused(room(undefined, files))).toBe(sentence)
    expect(await refused(room('# soon', files))).toBe(sentence)
  })

  it.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['a file that is not there', { file: 'x.onnx' }, "DIR/x.onnx can't be read: it does not exist."],
    [
      'another layout',
      { layout: 'NCHW' },
      'DIR/model.yaml is not usable: shape [8, 8, 3] in the layout NCHW is [rows, 3, 8, 8], and x is [any, 8, 8, 3].',
    ],
    [
      'another shape',
      { shape: '[8, 8, 1]' },
      'DIR/model.yaml is not usable: shape [8, 8, 1] in the layout NHWC is [rows, 8, 8, 1], and x is [any, 8, 8, 3].',
    ],
    [
      'a name that the network does not have',
      { inputs: '{ x: xs }' },
      'DIR/model.yaml is not usable: inputs.x is xs, and the network has x, t; the nearest is x.',
    ],
    [
      'an output that the network does not have',
      { output: 'noise' },
      /^DIR\/model.yaml is not usable: output is noise, and the network has \w+\.$/.source,
    ],
    [
      'labels where there is no input for them',
      { labels: '[a, b]' },
      'DIR/model.yaml is not usable: the network has only 2 inputs (x, t), and inputs.labels is to be one of them.',
    ],
    [
      'an input that nobody feeds',
      { inputs: '{ x: t, t: t }' },
      'DIR/model.yaml is not usable: the network has an input x, and nothing is said of it; there are inputs.x, inputs.t, inputs.labels.',
    ],
    [
      'a schedule that is none',
      { schedule: '{ kind: alpha-bars, alphaBars: [0.1, 0.2] }' },
      'The schedule is not usable: ᾱ does not fall at t = 1: 0.2 follows 0.1.',
    ],
    [
      'a decoder that is not there',
      { decoder: '{ kind: onnx }' },
      "DIR/decoder.onnx can't be read: it does not exist.",
    ],
  ])('%s', async (_, changes, sentence) => {
    const said = await refused(room(manifest(changes), files))
    if (sentence.startsWith('^')) expect(said).toMatch(new RegExp(sentence))
    else expect(said).toBe(sentence)
  })

  it('an input of which nothing is said', async () => {
    const labels: Input = { name: 'labels', type: 'int64', shape: [] }
    const network = compileOnnx(
      [{ name: 'x', type: 'float32', shape: [8, 8, 3] }, { name: 't', type: 'float32', shape: [] }, labels],
      (algebra, x, _, classes) => [
        algebra.addVector(
          x,
          algebra.embedding({ kind: 'weights', dims: [4, 3], data: new Float32Array(12) }, classes),
        ),
      ],
    )
    expect(await refused(room(manifest(), { 'model.onnx': network }))).toBe(
      'DIR/model.yaml is not usable: the network has an input labels, and nothing is said of it; there are inputs.x, inputs.t, inputs.labels.',
    )
  })

  it('files that are no models', async () => {
    expect(await refused(room(manifest(), { 'model.onnx': 'no' }))).toMatch(
      /^The engine onnx could not run the model: /,
    )
    expect(await refused(room(manifest(), { 'model.onnx': '' }))).toBe(
      'The engine onnx could not run the model: Load model from DIR/model.onnx failed: ModelProto does not have a graph.',
    )
    expect(await refused(room(undefined, { 'notes.txt': '' }))).toBe(
      "DIR can't be read: it has no model: neither config.json (diffusers), nor an .onnx file, nor model.json (tfjs).",
    )
    const layers = room(manifest({ kind: 'tfjs-layers' }), { 'model.json': '{ "weightsManifest": [] }' })
    expect(await refused(layers)).toMatch(/^The engine tfjs-layers could not run the model: /)
    const noJson = room(manifest({ kind: 'tfjs-graph' }), { 'model.json': '{' })
    expect(await refused(noJson)).toBe('DIR/model.json is not usable: it is not valid JSON.')
    const other = room(manifest({ kind: 'tfjs-graph' }), { 'model.json': '{ "weightsManifest": [] }' })
    expect(await refused(other)).toBe(
      'DIR/model.json is not usable: it is of the kind tfjs-layers, and model.yaml says tfjs-graph.',
    )
  })

  it('shards that are missing or cut short', async () => {
    const weights = [{ name: 'w', shape: [4], dtype: 'float32' }]
    const weightsManifest = [{ paths: ['a.bin'], weights }]
    const graph = { format: 'graph-model', weightsManifest }
    const json = JSON.stringify({ ...graph, modelTopology: { node: [] } })
    const said = manifest({ kind: 'tfjs-graph' })
    expect(await refused(room(said, { 'model.json': JSON.stringify(graph) }))).toBe(
      'DIR/model.json is not usable: modelTopology is missing, not a graph of operations.',
    )
    expect(await refused(room(said, { 'model.json': json }))).toBe(
      "DIR/a.bin can't be read: it does not exist.",
    )
    expect(await refused(room(said, { 'model.json': json, 'a.bin': new Uint8Array(8) }))).toBe(
      'DIR/model.json is not usable: its weights are 16 bytes, and the files that it names have 8.',
    )
  })

  it('a folder with several networks, until one is named', async () => {
    const folder = room(undefined, { 'a.onnx': same([8, 8, 3]), 'b.onnx': same([8, 8, 3]) })
    expect(await refused(folder)).toBe(
      "DIR can't be read: it has several networks (a.onnx, b.onnx); name one of those files.",
    )
    writeFileSync(join(folder, 'model.yaml'), manifest())
    using model = await orThrow(loadModel(engine, join(folder, 'b.onnx')))
    expect(model.shape).toEqual([8, 8, 3])
  })

  it('a file of another kind than its manifest is about', async () => {
    const folder = room(manifest(), { 'model.json': '{ "weightsManifest": [] }' })
    const loaded = await loadModel(engine, join(folder, 'model.json'))()
    expect(loaded).toMatchObject(
      E.left({ reason: 'it is about the kind onnx, and model.json is tfjs-layers' }),
    )
  })
})

describe('a network that answers', () => {
  const asked = (model: Parameters<typeof chain>[0], t: readonly number[]) =>
    firstValueFrom(
      ask(model, {
        x: tfjs.fromValues({ shape: [2, 8, 8, 3], data: new Float32Array(384) }),
        t,
        condition: {},
      }),
    )

  it('with another shape than x has is refused before it is asked, where the file says so', async () => {
    const wide = compileOnnx(
      [
        { name: 'x', type: 'float32', shape: [8, 8, 3] },
        { name: 't', type: 'float32', shape: [] },
      ],
      (algebra, x) => [algebra.concat([x, x])],
    )
    expect(await refused(room(manifest(), { 'model.onnx': wide }))).toMatch(
      /an answer \(learnedVariance is not said\) is \[rows, 8, 8, 3\], and \w+ is \[any, 8, 8, 6\]\.$/,
    )
    const said = manifest({ learnedVariance: 'true' })
    expect(await refused(room(said, { 'model.onnx': same([8, 8, 3]) }))).toMatch(
      /an answer with a learned variance is \[rows, 8, 8, 6\], and \w+ is \[any, 8, 8, 3\]\.$/,
    )
    using learned = await orThrow(loadModel(engine, room(said, { 'model.onnx': wide })))
    const { output, variance } = await asked(learned, [1, 2])
    expect([output.shape, variance?.shape]).toEqual([
      [2, 8, 8, 3],
      [2, 8, 8, 3],
    ])
  })

  const loose = (t: readonly number[]): Network => ({
    inputs: [
      { name: 'x', dtype: 'float32' },
      { name: 't', dtype: 'float32', shape: t },
    ],
    outputs: [{ name: 'y', dtype: 'float32' }],
    run: (feeds) => of(tfjs.combine([[1, feeds.get('x') as tf.Tensor]])),
    [Symbol.dispose]: () => undefined,
  })
  const described: NetworkManifest = {
    kind: 'onnx',
    shape: [8, 8, 3],
    layout: 'NHWC',
    schedule: { kind: 'linear' },
    prediction: 'epsilon',
  }
  const denoiserFor = (network: Network, more: Partial<NetworkManifest>): Denoiser<tf.Tensor> => {
    const said = { ...described, ...more }
    const binding = E.getOrElseW((failure) => {
      throw failure
    })(bind('model.yaml', said, network))
    return networkDenoiser(network, said, binding, linearSchedule())
  }

  it('with another shape than x has is refused when it answers, where the file says nothing', async () => {
    const model = denoiserFor(loose([]), { learnedVariance: true })
    await expect(asked(model, [1, 1])).rejects.toThrow('is [8, 8, 3] for each row, not [8, 8, 6]')
  })

  it('one time for all rows is asked about one time', async () => {
    const model = denoiserFor(loose([]), {})
    await expect(asked(model, [1, 2])).rejects.toThrow('it takes one time for the whole batch')
  })
})

describe('a decoder', () => {
  /** Latents [4, 4, 2] to pictures [8, 8, 2] in [0, 1]: repeated, halved and raised. */
  const decoder = compileOnnx([{ name: 'z', type: 'float32', shape: [4, 4, 2] }], (algebra, z) => [
    algebra.affine(algebra.upsample(z), 0.5, 0.5),
  ])

  it('makes pictures of latents, and goes with the model', async () => {
    const said = manifest({
      shape: '[4, 4, 2]',
      range: 'null',
      decoder: '{ kind: onnx, layout: NHWC, range: [0, 1], scalingFactor: 2 }',
    })
    const folder = room(said, { 'model.onnx': same([4, 4, 2]), 'decoder.onnx': decoder })
    using model = await orThrow(loadModel(engine, folder))
    expect(model).not.toHaveProperty('range')
    const latents = await chain(model)
    const pictures = await lastValueFrom(pixelsOf(model)!(latents))
    expect(pictures.shape).toEqual([2, 8, 8, 2])
    // what people look at are those pictures, and not the latents
    const widthOf = async (pixels: ReturnType<typeof pixelsOf>): Promise<number> => {
      const path = join(folder, 'grid.png')
      const frames$ = respace(model.schedule, trailing(1)).pipe(
        denoise({ model, rule: ddim(), noise: philox({ seed: 1 }), batch: 2 }),
      )
      await lastValueFrom(frames$.pipe(toGrid(path, { pixels, scale: 1, columns: 2 })))
      await lastValueFrom(frames$.pipe(toFilmStrip(join(folder, 'strip.png'), { pixels })))
      return new DataView(new Uint8Array(readFileSync(path)).buffer).getUint32(16)
    }
    expect((await widthOf(pixelsOf(model))) - (await widthOf(undefined))).toBe(2 * (8 - 4))
    // [0, 1] onto [−1, 1] undoes ½ and ½; what is left is the scaling factor
    expect(pictures.data[0]).toBeCloseTo(latents.data[0]! / 2, 5)
  })

  it('may stand beside a diffusers checkpoint', async () => {
    const folder = room('decoder: { kind: onnx, file: d/z.onnx, layout: NHWC }')
    mkdirSync(join(folder, 'd'))
    for (const name of ['config.json', 'diffusion_pytorch_model.safetensors'])
      writeFileSync(join(folder, name), readFileSync(goldenPath(`unet/no-attention/${name}`)))
    const half = compileOnnx([{ name: 'z', type: 'float32', shape: [16, 16, 3] }], (algebra, z) => [
      algebra.affine(z, 0.5, 0),
    ])
    writeFileSync(join(folder, 'd/z.onnx'), half)
    using model = await orThrow(loadModel(engine, folder))
    const x: tf.Tensor = tfjs.fromValues({ shape: [1, 16, 16, 3], data: new Float32Array(768).fill(1) })
    const picture = await firstValueFrom(from(model.decode!(x)))
    expect((await tfjs.toValues(picture)).data[0]).toBe(0.5)
    rmSync(join(folder, 'd/z.onnx'))
    expect(await refused(folder)).toBe("DIR/d/z.onnx can't be read: it does not exist.")
  })

  it('that takes other latents, or gives no images, is refused', async () => {
    const said = manifest({ shape: '[4, 4, 3]', decoder: '{ kind: onnx, layout: NHWC }' })
    expect(await refused(room(said, { 'model.onnx': same([4, 4, 3]), 'decoder.onnx': decoder }))).toBe(
      'DIR/model.yaml is not usable: a latent is [rows, 4, 4, 3] for its decoder, and z is [any, 4, 4, 2].',
    )
    const flat = compileOnnx([{ name: 'z', type: 'float32', shape: [4] }], (algebra, z) => [
      algebra.affine(z, 1, 0),
    ])
    const vectors = manifest({ shape: '[4]', decoder: '{ kind: onnx }' })
    expect(await refused(room(vectors, { 'model.onnx': same([4]), 'decoder.onnx': flat }))).toMatch(
      /a decoder gives images, of four axes, and \w+ is \[any, 4\]\.$/,
    )
  })
})

describe('time for a network that takes whole numbers', () => {
  const port = (name: string, dtype: string, shape: readonly number[]) => ({
    name,
    dtype,
    shape: [undefined, ...shape],
  })
  const network = {
    inputs: [port('x', 'float32', [3, 8, 8]), port('t', 'int64', [])],
    outputs: [port('y', 'float32', [3, 8, 8])],
  }
  const manifest: NetworkManifest = {
    kind: 'onnx',
    shape: [8, 8, 3],
    schedule: { kind: 'linear' },
    prediction: 'epsilon',
  }

  it.each<readonly [NonNullable<NetworkManifest['time']>, readonly number[], string | undefined]>([
    [{ shape: 'scalar' }, [], 'time is told in the shape scalar, [], and t is [any]'],
    [{ shape: 'column' }, [], 'time is told in the shape column, [rows, 1], and t is [any]'],
    [{ shape: 'vector' }, [1], 'time is told in the shape vector, [rows], and t is [any, 1]'],
    [
      { shape: 'image' },
      [1, 4, 4],
      'time is told in the shape image, [rows, 1, 8, 8], and t is [any, 1, 4, 4]',
    ],
    [{}, [4, 4], 'time is told in the shape vector, [rows], and t is [any, 4, 4]'],
    [{}, [7], 'time is told in the shape column, [rows, 1], and t is [any, 7]'],
    [{ shape: 'image' }, [1, 8, 8], undefined],
    [{}, [1], undefined],
  ])('%j fits an input %j, or is refused', (time, shape, reason) => {
    const [x] = network.inputs
    const bound = bind(
      'model.yaml',
      { ...manifest, time },
      { ...network, inputs: [x!, port('t', 'float32', shape)] },
    )
    if (reason === undefined) expect(bound).toMatchObject({ _tag: 'Right' })
    else expect(bound).toMatchObject(E.left({ reason }))
  })

  it.each<readonly [NonNullable<NetworkManifest['condition']>, readonly number[], string | undefined]>([
    [{ as: 'one-hot', classes: 3 }, [], 'classes are told as one-hot, [rows, 3], and c is [any]'],
    [{ as: 'integer', classes: 3 }, [3], 'classes are told as integer, [rows], and c is [any, 3]'],
    [{ classes: 3 }, [1, 1], 'classes are told as integer, [rows], and c is [any, 1, 1]'],
    [{ classes: 3 }, [1], undefined],
    [{ classes: 3 }, [3], undefined],
  ])('classes %j fit an input %j, or are refused', (condition, shape, reason) => {
    const inputs = [...network.inputs, port('c', 'float32', shape)]
    const bound = bind('model.yaml', { ...manifest, condition }, { ...network, inputs })
    if (reason === undefined) expect(bound).toMatchObject({ _tag: 'Right' })
    else expect(bound).toMatchObject(E.left({ reason }))
  })

  it('is t, and no share or measure that would be rounded away', () => {
    expect(bind('model.yaml', manifest, network)).toMatchObject(E.right({ timeShape: 'vector' }))
    expect(bind('model.yaml', { ...manifest, time: { as: 'alpha-bar' } }, network)).toMatchObject(
      E.left({ reason: 'time is told as alpha-bar, and t takes whole numbers only (int64)' }),
    )
  })
})
