/** The page with the tables, and its pictures: nothing is said there that was not measured. */
import { toSvg } from '../../src/cli/plot-chart.ts'
import type { Curves } from '../../src/cli/plot-curves.ts'
import { many } from '../../src/many.ts'
import { cells, COMMON, type Eta, etas, keyOf, type SpacingName } from './cells.ts'
import type { Distances, Measured } from './measure.ts'

export interface Results {
  /** Of images that the model was trained on against the same data: what no sampler is expected to go below. */
  readonly floor?: readonly Distances[]
  /** By the name of the cell. */
  readonly measured: Readonly<Record<string, Measured>>
}

type Of<K extends Measured['kind']> = Extract<Measured, { readonly kind: K }>

const all = <K extends Measured['kind']>({ measured }: Results, kind: K): ReadonlyArray<Of<K>> =>
  Object.values(measured)
    .filter((each): each is Of<K> => each.kind === kind)
    .toSorted((a, b) => a.steps - b.steps)

const nameOf = (eta: Eta): string => (eta === 'σ̂' ? eta : `η = ${eta}`)

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const markdown = (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string =>
  [row(head), row(head.map((_, i) => (i === 0 ? ':---' : '---:'))), ...rows.map(row)].join('\n')

const at = (cell: Of<'quality'> | undefined, images: number): Distances | undefined =>
  cell?.distances.find((each) => each.images === images)

/** S by η, for one figure. */
const byEta = (results: Results, spacing: SpacingName, show: (cell: Of<'quality'>) => string): string => {
  const cells = all(results, 'quality').filter((each) => each.spacing === spacing)
  const steps = [...new Set(cells.map((each) => each.steps))]
  const cell = (count: number, eta: Eta): string => {
    const found = cells.find((each) => each.steps === count && each.eta === eta)
    return found === undefined ? '' : show(found)
  }
  return markdown(
    ['S', ...etas.map(nameOf)],
    steps.map((count) => [String(count), ...etas.map((eta) => cell(count, eta))]),
  )
}

const kernelOf = ({ kernel, deviation }: Distances): string =>
  `${kernel.toFixed(2)} ± ${deviation.toFixed(2)}`

/** The fewest steps of DDIM that come as near to the data as 1,000 of a stochastic rule, on as many images. */
const asGood = (results: Results, eta: Eta): string => {
  const cells = all(results, 'quality').filter(({ spacing }) => spacing === 'uniform')
  const target = at(
    cells.find((each) => each.eta === eta && each.steps === 1000),
    COMMON,
  )
  const name = eta === 'σ̂' ? 'DDPM (σ̂)' : 'DDPM (η = 1)'
  if (target === undefined) return ''
  const enough = (figure: 'frechet' | 'kernel') =>
    cells.find((each) => each.eta === '0' && (at(each, COMMON)?.[figure] ?? Infinity) <= target[figure])
  const said = (figure: 'frechet' | 'kernel', words: string): string => {
    const first = enough(figure)
    if (first === undefined) return `no number of DDIM's steps here by the ${words}`
    const times = all(results, 'time')
    const [slow, fast] = [1000, first.steps].map((steps) => times.find((each) => each.steps === steps))
    const ratio =
      slow === undefined || fast === undefined
        ? ''
        : `, ${(slow.seconds / fast.seconds).toFixed(1)} times less time`
    return `${String(first.steps)} of DDIM by the ${words} (${String(1000 / first.steps)} times fewer${ratio})`
  }
  if (enough('frechet') === undefined && enough('kernel') === undefined)
    return `- 1,000 steps of ${name} come nearer to the data than any number of DDIM's steps here, by either distance; by the kernel distance that is less than its error.`
  return `- 1,000 steps of ${name} come as near to the data as ${said('frechet', 'Fréchet distance')}, and ${said('kernel', 'kernel distance')}.`
}

/** A part of the page, or that it is still to be measured. */
const section = (title: string, measured: boolean, text: string): string =>
  `## ${title}\n\n${measured ? text : 'Not measured yet.'}\n`

const tables = (results: Results, spacing: SpacingName): string =>
  [
    byEta(results, spacing, (cell) => cell.distances.map(({ frechet }) => frechet.toFixed(2)).join(' / ')),
    byEta(results, spacing, (cell) => kernelOf(cell.distances.at(-1)!)),
  ].join('\n\n')

/** Spacings that visit fewer levels than they are asked for. */
const repeatsOf = (results: Results, spacing: SpacingName): string =>
  [
    ...new Set(
      all(results, 'quality')
        .filter((cell) => cell.spacing === spacing && cell.calls < cell.steps)
        .map(({ calls, steps }) => `${String(calls)} steps of ${String(steps)}`),
    ),
  ].join(', ')

const errorTable = (results: Results): string =>
  markdown(
    ['S', 'error', 'images'],
    all(results, 'reconstruction').map(({ steps, error, images }) => [
      String(steps),
      error.toPrecision(3),
      String(images),
    ]),
  )

const secondsOf = ([first]: ReadonlyArray<Of<'time'>>): string =>
  `seconds for ${many(first?.images ?? 0, 'image')}`

const timeTable = (results: Results): string => {
  const time = all(results, 'time')
  return markdown(
    ['S', secondsOf(time), 'ms for a step of an image'],
    time.map(({ steps, seconds, images }) => [
      String(steps),
      seconds.toFixed(2),
      ((1000 * seconds) / steps / images).toFixed(2),
    ]),
  )
}

export const page = (results: Results): string => {
  const { floor = [] } = results
  const has = (kind: Measured['kind'], spacing?: SpacingName): boolean =>
    all(results, kind).some(
      (cell) => spacing === undefined || (cell.kind === 'quality' && cell.spacing === spacing),
    )
  const left = cells.filter((cell) => results.measured[keyOf(cell)] === undefined).length
  const faster = (['1', 'σ̂'] as const).map((eta) => asGood(results, eta)).filter((line) => line !== '')
  const ofTraining = floor.map(
    ({ images, frechet }) => `${frechet.toFixed(2)} for ${images.toLocaleString('en')}`,
  )
  return `# The paper's claim, on the default model

The tables of arXiv:2010.02502, sec. 5, for the model that comes along. \`npm run bench:paper -- FOLDER\` measures them, with Fashion-MNIST's
files in the folder; it goes on where it was stopped, and writes this page from [results.json](paper/results.json).
${left === 0 ? '' : `${many(left, 'figure')} of ${String(cells.length)} have not been measured yet.\n`}
**Protocol.** Samples 0 to 1,023 of seed 0 (0 to 255 where S = 1000), the ten classes in turn, no guidance, x₀ clipped as the library does
(\`x0+eps\`); uniform is \`trailing\`, quadratic ends at T. They are compared with the 10,000 test images in the features of the [classifier that
comes along](evaluation.md), which are not Inception's: figures compare with each other, not with the paper's. The Fréchet distance is biased
upwards for few images, so it stands for the first ${String(COMMON)} samples and then for all; the kernel distance (of all) is not.
Training images in place of samples: ${ofTraining.join(', ')}; kernel distance ${floor.slice(-1).map(kernelOf).join('')}.

${[
  section(
    'Table 1: quality by η and S, uniform spacing',
    has('quality', 'uniform'),
    `Fréchet distance for ${String(COMMON)} / all samples, then kernel distance:\n\n${tables(results, 'uniform')}\n\n` +
      '![Fréchet distance against the number of steps](paper/quality.svg)',
  ),
  section(
    'Table 1, quadratic spacing',
    has('quality', 'quadratic'),
    `Repeated timesteps are dropped: ${repeatsOf(results, 'quadratic')}.\n\n${tables(results, 'quadratic')}`,
  ),
  section(
    'As good in fewer steps',
    faster.length > 0,
    `By the same ${String(COMMON)} samples and uniform spacing; S is one of those of the table.\n\n${faster.join('\n')}`,
  ),
  section(
    'Table 2: images to noise and back',
    has('reconstruction'),
    `DDIM up and down; mean squared error per pixel on [0, 1], of the first test images:\n\n${errorTable(results)}`,
  ),
  section(
    'Figure 4: time is linear in S',
    has('time'),
    `${timeTable(results)}\n\n![Seconds against the number of steps](paper/time.svg)`,
  ),
].join('\n')}`
}

/** The pictures by the names of their files. */
export const pictures = async (results: Results): Promise<ReadonlyArray<readonly [string, string]>> => {
  const times = all(results, 'time')
  const quality: Curves = {
    by: 'rule',
    x: { column: 'steps', title: 'S' },
    panels: [
      { column: 'frechet', title: 'Fréchet distance', logarithmic: true },
      { column: 'kernel', title: 'kernel distance' },
    ],
    dotted: true,
    points: etas.flatMap((eta) =>
      all(results, 'quality')
        .filter((each) => each.eta === eta && each.spacing === 'uniform' && each.steps <= 100)
        .map(({ steps, distances }) => {
          const { frechet, kernel } = distances.at(-1)!
          return { rule: nameOf(eta), steps, frechet, kernel }
        }),
    ),
  }
  const time: Curves = {
    by: 'rule',
    x: { column: 'steps', title: 'S' },
    panels: [{ column: 'seconds', title: secondsOf(times) }],
    dotted: true,
    points: times.map(({ steps, seconds }) => ({ rule: 'DDIM', steps, seconds })),
  }
  return [
    ['quality.svg', await toSvg(quality)],
    ...(times.length === 0 ? [] : [['time.svg', await toSvg(time)] as const]),
  ]
}
