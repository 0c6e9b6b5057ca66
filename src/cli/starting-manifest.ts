/**
 * A `model.yaml` to start from: what a network's file says, and guesses where it says nothing.
 */
import { basename } from 'node:path'
import type { NetworkKind } from '../checkpoint/manifest-network.ts'
import { schedules } from '../diffusion/schedule.ts'
import type { Network, NetworkPort } from '../engine/network.ts'
import { usualLayout } from '../engine/network-binding.ts'
import type { Layout } from '../model/denoiser-of.ts'
import { timeMeasures } from '../model/time-code.ts'

type Ports = Pick<Network, 'inputs' | 'outputs'>

const rankOf = ({ shape }: NetworkPort): number => shape?.length ?? 0

/** Names that YAML would not take for a text, or not whole. */
const inYaml = (name: string): string =>
  /^[a-z_][\w./-]*$/i.test(name) && !/^(true|false|null)$/i.test(name) ? name : JSON.stringify(name)

const list = (items: ReadonlyArray<string | number>): string => `[${items.join(', ')}]`

/** Numbers of channels that images have. */
const isChannels = (extent: number | undefined): boolean => extent === 1 || extent === 3 || extent === 4

const layoutOf = (kind: NetworkKind, [, first, , last]: ReadonlyArray<number | undefined>): Layout =>
  isChannels(first) === isChannels(last) ? usualLayout(kind) : isChannels(last) ? 'NHWC' : 'NCHW'

const isTime = ({ name }: NetworkPort): boolean =>
  /^(t$|t_|time|step|sigma|noise|log_?snr|moment)/i.test(name)

/** Which input is what, most likely: x is the largest, and a time has a name that says so. */
const guessInputs = ({ inputs }: Ports): { x?: NetworkPort; t?: NetworkPort; labels?: NetworkPort } => {
  const most = Math.max(...inputs.map(rankOf))
  const x = inputs.find((port) => rankOf(port) === most && !isTime(port)) ?? inputs[0]
  const others = inputs.filter((port) => port !== x)
  const t = others.find(isTime) ?? others[0]
  const labels = others.find((port) => port !== t)
  return { ...(x && { x }), ...(t && { t }), ...(labels && { labels }) }
}

const shapes = ['scalar', 'vector', 'column', 'vector', 'image'] as const

const FILL_IN = '  # the file does not say: fill in'

/** One sample in our order of axes, and whether anything in it is a guess. */
const sampleOf = (layout: Layout, { shape }: NetworkPort): readonly [readonly number[], string] => {
  const [, ...row] = shape ?? [undefined, undefined, undefined, undefined]
  const own = layout === 'NCHW' && row.length === 3 ? [row[1], row[2], row[0]] : row
  const usual = [32, 32, 3]
  const filled = own.map((extent, axis) => extent ?? (own.length === 3 ? usual[axis]! : 1))
  return [filled, own.includes(undefined) ? FILL_IN : '']
}

/**
 * Writes a manifest to start from. It decodes as it is; what the file does not say is said to be a guess.
 *
 * @param kind - of the network
 * @param path - of its file
 * @param network - its inputs and outputs
 */
export const startingManifest = (kind: NetworkKind, path: string, network: Ports): string => {
  const { x, t, labels } = guessInputs(network)
  const [output, ...others] = network.outputs
  const layout = layoutOf(kind, x?.shape ?? [])
  const [sample, unsure] = sampleOf(layout, x ?? { name: 'x', dtype: 'float32' })
  const channels = sample.at(-1)
  const answered = output?.shape?.[layout === 'NCHW' && sample.length === 3 ? 1 : output.shape.length - 1]
  const width = labels?.shape?.length === 2 ? labels.shape[1] : undefined
  const oneHot = width !== undefined && width > 1
  const whole = t?.dtype.includes('int') === true
  return [
    '# What the file beside this one is: onnx, tfjs-graph or tfjs-layers.',
    `kind: ${kind}`,
    `file: ${inYaml(basename(path))}`,
    '',
    '# One sample as [height, width, channels], whatever the layout in which the network takes it.',
    `shape: ${list(sample)}${unsure}`,
    `layout: ${layout}`,
    '# Where the data lie, such as [-1, 1] or [0, 1]; null for latents, which have no bounds. A guess.',
    'range: [-1, 1]',
    '',
    '# The noise that it was trained on. A guess: no file says it.',
    `# Kinds: ${[...Object.keys(schedules), 'betas', 'alpha-bars', 'flow'].join(', ')}.`,
    'schedule: { kind: linear, trainedSteps: 1000 }',
    '# What it answers: epsilon (the noise), sample (x₀), v_prediction, or flow. A guess: no file says it.',
    'prediction: epsilon',
    ...(channels !== undefined && answered === 2 * channels
      ? [
          '# It answers with twice as many channels, so the second half is a learned variance.',
          'learnedVariance: true',
        ]
      : []),
    '',
    `# How it is told the time: as ${timeMeasures.join(', ')}; times scale, plus offset.`,
    whole ? '# The input is whole numbers, so t it is.' : '# A guess.',
    `time: { as: t, shape: ${shapes[t === undefined ? 1 : rankOf(t)] ?? 'vector'} }`,
    ...(labels === undefined
      ? []
      : [
          '',
          '# How it is told the class: as integer or one-hot; and how many there are, "none" included.',
          `condition: { as: ${oneHot ? 'one-hot' : 'integer'}, classes: ${oneHot ? width : 10} }${oneHot ? '' : FILL_IN}`,
          '# labels: [cat, dog]  # their names, in order',
          '# unconditional: 9  # the one that stands for "none", for guidance',
        ]),
    '',
    '# Which input is what.',
    `inputs: { x: ${inYaml(x?.name ?? 'x')}, t: ${inYaml(t?.name ?? 't')}${labels === undefined ? '' : `, labels: ${inYaml(labels.name)}`} }`,
    ...(others.length === 0 ? [] : [`# There are ${others.map(({ name }) => name).join(', ')} as well.`]),
    `output: ${inYaml(output?.name ?? 'y')}`,
    '',
    '# What makes images of latents, where the network works on those.',
    '# decoder: { kind: onnx, file: decoder.onnx, scalingFactor: 0.18215 }',
    '',
  ].join('\n')
}
