/**
 * A manifest against the network that it describes: which input is what, and whether shapes agree.
 */
import { showShape } from '../algebra/shape.ts'
import type { NetworkManifest, TimeShape } from '../checkpoint/manifest-network.ts'
import { fail, type FailureOf } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import type { Labels } from '../model/denoiser.ts'
import type { Layout } from '../model/denoiser-of.ts'
import { nearestHint } from '../nearest.ts'
import type { Network, NetworkPort } from './network.ts'

/** Which of a network's ports is what. */
export interface Binding {
  readonly x: NetworkPort
  readonly t: NetworkPort
  readonly timeShape: TimeShape
  /** Where the network knows classes. */
  readonly condition?: {
    readonly port: NetworkPort
    readonly as: 'integer' | 'one-hot'
    readonly labels: Labels
  }
  readonly output: string
  readonly layout: Layout
}

type Bound<A> = E.Either<FailureOf<'ConfigInvalid'>, A>

/**
 * A port by its name, or else by its place.
 *
 * @param path - of the manifest, for the failure
 * @param setting - that would name it
 * @param ports - what there is
 */
export const portAt =
  (path: string, setting: string, ports: readonly NetworkPort[]) =>
  (name: string | undefined, place: number): Bound<NetworkPort> => {
    const known = ports.map((port) => port.name)
    const port = name === undefined ? ports[place] : ports.find((each) => each.name === name)
    if (port !== undefined) return E.right(port)
    const reason =
      name === undefined
        ? `the network has only ${known.length} inputs (${known.join(', ')}), and ${setting} is to be one of them`
        : `${setting} is ${name}, and the network has ${known.join(', ')}${nearestHint(known)(name)}`
    return E.left(fail('ConfigInvalid', { path, reason }))
  }

/** The layout of images that a kind of file usually has. */
export const usualLayout = (kind: NetworkManifest['kind']): Layout => (kind === 'onnx' ? 'NCHW' : 'NHWC')

const timeShapes: Readonly<Record<number, TimeShape>> = { 0: 'scalar', 1: 'vector', 2: 'column', 4: 'image' }

/** What a row of the time is; nothing of a number for the whole batch. */
const timeRow = (
  as: TimeShape,
  layout: Layout,
  [height = 1, width = 1]: readonly number[],
): readonly number[] | undefined => {
  switch (as) {
    case 'scalar':
      return undefined
    case 'vector':
      return []
    case 'column':
      return [1]
    case 'image':
      return layout === 'NCHW' ? [1, height, width] : [height, width, 1]
  }
}

/** The classes that a manifest speaks of; none of a network that is told no class. */
export const manifestLabels = ({
  condition,
  labels: names,
  unconditional,
  inputs,
}: NetworkManifest): Labels | undefined => {
  if ([condition, names, unconditional, inputs?.labels].every((said) => said === undefined)) return undefined
  const known = Math.max(names?.length ?? 0, (unconditional ?? -1) + 1)
  return {
    count: condition?.classes ?? known,
    ...(names === undefined ? {} : { names }),
    ...(unconditional === undefined ? {} : { unconditional }),
  }
}

/** Whether a declared shape leaves room for rows of another. */
export const fits = (declared: NetworkPort['shape'], wanted: readonly number[]): boolean =>
  declared === undefined ||
  (declared.length === wanted.length + 1 &&
    wanted.every((extent, axis) => (declared[axis + 1] ?? extent) === extent))

/** A port and its shape, for people. */
export const showPort = ({ name, shape = [] }: NetworkPort): string =>
  `${name} is ${showShape(shape.map((extent) => extent ?? NaN)).replaceAll('NaN', 'any')}`

/** One sample in the layout of the network. */
export const laidOut = (layout: Layout, shape: readonly number[]): readonly number[] =>
  layout === 'NCHW' && shape.length === 3 ? [shape[2]!, shape[0]!, shape[1]!] : shape

/** What the network answers for one sample: with a learned variance, twice the channels. */
const answerOf = ({ shape, learnedVariance = false }: NetworkManifest): readonly number[] =>
  learnedVariance ? [...shape.slice(0, -1), 2 * (shape.at(-1) ?? 1)] : shape

/**
 * Finds out which input is what, and whether shapes agree.
 *
 * @param path - of the manifest, for failures
 * @param manifest - what it says
 * @param network - what there is
 * @returns ConfigInvalid for a name that the network does not have, inputs that nobody feeds, or a shape that disagrees
 *
 * @example
 * ```ts
 * const port = (name: string, ...shape: Array<number | undefined>) => ({ name, dtype: 'float32', shape: [undefined, ...shape] })
 * const network = { inputs: [port('x', 8, 8, 3), port('t')], outputs: [port('y', 8, 8, 3)] }
 * const manifest: NetworkManifest = { kind: 'onnx', shape: [8, 8, 3], schedule: { kind: 'linear' }, prediction: 'epsilon' }
 * expect(bind('model.yaml', { ...manifest, layout: 'NHWC' }, network)).toMatchObject(E.right({ timeShape: 'vector' }))
 * expect(bind('model.yaml', manifest, network)).toMatchObject(
 *   E.left({ reason: 'shape [8, 8, 3] in the layout NCHW is [rows, 3, 8, 8], and x is [any, 8, 8, 3]' }),
 * )
 * ```
 */
export const bind = (
  path: string,
  manifest: NetworkManifest,
  { inputs, outputs }: Pick<Network, 'inputs' | 'outputs'>,
): Bound<Binding> => {
  const { shape, layout = usualLayout(manifest.kind), learnedVariance = false } = manifest
  const { condition, inputs: named = {} } = manifest
  const unusable = (reason: string): Bound<never> => E.left(fail('ConfigInvalid', { path, reason }))
  const classes = manifestLabels(manifest)

  const conditionOf =
    (labels: Labels) =>
    (port: NetworkPort): Bound<NonNullable<Binding['condition']>> => {
      const width = port.shape?.length === 2 ? port.shape[1] : undefined
      const as = condition?.as ?? (width !== undefined && width > 1 ? 'one-hot' : 'integer')
      if (as === 'one-hot' && width !== undefined && width !== labels.count)
        return unusable(`there are ${labels.count} classes, and ${showPort(port)}`)
      const ways = as === 'one-hot' ? [[labels.count]] : [[], [1]]
      return ways.some((row) => fits(port.shape, row))
        ? E.right({ port, as, labels })
        : unusable(
            `classes are told as ${as}, [${as === 'one-hot' ? `rows, ${labels.count}` : 'rows'}], and ${showPort(port)}`,
          )
    }

  return pipe(
    E.Do,
    E.bind('x', () => portAt(path, 'inputs.x', inputs)(named.x, 0)),
    E.bind('t', () => portAt(path, 'inputs.t', inputs)(named.t, 1)),
    E.bind('condition', () =>
      classes === undefined
        ? E.right(undefined)
        : pipe(portAt(path, 'inputs.labels', inputs)(named.labels, 2), E.chain(conditionOf(classes))),
    ),
    E.bind('output', () => portAt(path, 'output', outputs)(manifest.output, 0)),
    E.chain(({ x, t, condition: known, output }) => {
      const fed = [x, t, ...(known === undefined ? [] : [known.port])].map(({ name }) => name)
      const spare = inputs.find(({ name }) => !fed.includes(name))
      const rows = laidOut(layout, shape)
      if (spare !== undefined)
        return unusable(
          `the network has an input ${spare.name}, and nothing is said of it; there are inputs.x, inputs.t, inputs.labels`,
        )
      if (new Set(fed).size < fed.length)
        return unusable(`inputs has ${fed.join(', ')}: one input for two things`)
      if (!fits(x.shape, rows))
        return unusable(
          `shape ${showShape(shape)}${shape.length === 3 ? ` in the layout ${layout}` : ''} is [rows, ${rows.join(', ')}], and ${showPort(x)}`,
        )
      const { as: measure = 't' } = manifest.time ?? {}
      if (measure !== 't' && t.dtype.startsWith('int'))
        return unusable(`time is told as ${measure}, and ${t.name} takes whole numbers only (${t.dtype})`)
      const timeShape = manifest.time?.shape ?? timeShapes[t.shape?.length ?? 1] ?? 'vector'
      const time = timeRow(timeShape, layout, shape)
      if (!(time === undefined ? (t.shape ?? []).length === 0 : fits(t.shape, time)))
        return unusable(
          `time is told in the shape ${timeShape}, [${time === undefined ? '' : ['rows', ...time].join(', ')}], and ${showPort(t)}`,
        )
      const answered = laidOut(layout, answerOf(manifest))
      if (!fits(output.shape, answered))
        return unusable(
          `an answer ${learnedVariance ? 'with a learned variance' : '(learnedVariance is not said)'} is [rows, ${answered.join(', ')}], and ${showPort(output)}`,
        )
      return E.right({
        x,
        t,
        timeShape,
        output: output.name,
        layout,
        ...(known === undefined ? {} : { condition: known }),
      })
    }),
  )
}
