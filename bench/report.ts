/** What a run of the benchmark has found, and how it is told. */
import type { NullRival } from './protocol.ts'
import { table } from './statistics.ts'

/** One contestant at one batch size. */
export interface Speed {
  readonly batch: number
  readonly key: string
  readonly label: string
  readonly imagesPerSecond: number
  readonly msPerStep: number
  readonly bestMsPerStep: number
  /** How many times as long as the stream it takes; the median over rounds. */
  readonly timesTheStream: number
}

/** A claim, and whether it holds. */
export interface Verdict {
  readonly claim: string
  readonly least: number
  /** The median over rounds of the ratio within each. */
  readonly value: number
  /** The ratio of the shortest times of all rounds. */
  readonly best: number
  readonly holds: boolean
}

/** Everything about one run. */
export interface Results {
  readonly date: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGB: number
    readonly platform: string
    /** The load average before and after. */
    readonly load: readonly [number, number]
  }
  readonly versions: readonly string[]
  readonly threads: number
  readonly steps: number
  readonly rounds: number
  readonly speeds: readonly Speed[]
  /** What the stream adds to a step of the loop by hand on the same session. */
  readonly added: ReadonlyArray<{ readonly batch: number; readonly us: number; readonly share: number }>
  /** The median step without a network. */
  readonly nullUs: Readonly<Record<NullRival, number>>
  /** The same on tfjs, as a share of the default model's median step at batch 1. */
  readonly nullShare: number
  readonly flopsPerImage: number
  readonly network: ReadonlyArray<{
    readonly batch: number
    readonly flopsPerSecond: number
    readonly share: number
  }>
  readonly productSize: number
  readonly productFlops: number
  readonly verdicts: readonly Verdict[]
  readonly skipped: readonly string[]
  /** The median of each round, in milliseconds of a whole chain (`null/…`: microseconds of a step). */
  readonly times: Readonly<Record<string, readonly number[]>>
}

const giga = (perSecond: number): string => (perSecond / 1e9).toFixed(0)
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`
const word = (holds: boolean): string => (holds ? 'holds ' : 'MISSED')

const setting = ({ machine, threads, versions, steps, rounds }: Results): string => {
  const [before, after] = machine.load
  return [
    `${machine.cpu}, ${machine.cores} cores; ${threads} threads for everybody`,
    versions.join('; '),
    `${steps} DDIM steps; medians of ${rounds} rounds; load ${before.toFixed(1)} before, ${after.toFixed(1)} after`,
    // everybody in turn keeps all cores busy, so that is what the load should be
    ...(Math.max(before, after) > machine.cores + 0.5
      ? ['The machine is busy with other things: a thread that waits for its turn slows whoever shares work.']
      : []),
  ].join('\n')
}

const speedTable = ({ speeds }: Results, rows: number): string =>
  table(
    [`batch ${rows}`, 'images/s', 'ms/step', 'best', '× the stream'],
    speeds
      .filter(({ batch }) => batch === rows)
      .map(({ label, imagesPerSecond, msPerStep, bestMsPerStep, timesTheStream }) => [
        label,
        imagesPerSecond.toFixed(2),
        msPerStep.toFixed(2),
        bestMsPerStep.toFixed(2),
        timesTheStream.toFixed(3),
      ]),
  )

const stepTable = ({ nullUs, added }: Results): string =>
  table(
    ['beside the network', 'µs/step'],
    [
      ['null model, denoise on tfjs cpu, 28×28×1', nullUs.tfjs.toFixed(1)],
      ['null model, denoise on numbers', nullUs.numbers.toFixed(1)],
      ['null model, a loop by hand, 28×28×1', nullUs.hand.toFixed(1)],
      ...added.map(({ batch, us, share }) => [
        `the stream less the loop by hand, batch ${batch} (${percent(share)})`,
        us.toFixed(0),
      ]),
    ],
  )

const flopsTable = ({ productSize, productFlops, network }: Results): string =>
  table(
    ['on onnxruntime', 'GFLOP/s', 'share'],
    [
      [`matrix product, ${productSize}`, giga(productFlops), percent(1)],
      ...network.map(({ batch, flopsPerSecond, share }) => [
        `the network, batch ${batch}`,
        giga(flopsPerSecond),
        percent(share),
      ]),
    ],
  )

const verdictLines = ({ verdicts, nullShare, skipped }: Results): string =>
  [
    ...verdicts.map(
      ({ claim, value, best, holds }) =>
        `${word(holds)}  ${claim}: ${value.toFixed(2)} × (best against best ${best.toFixed(2)} ×)`,
    ),
    `${word(nullShare < 0.01)}  a step of the null model takes < 1 % of the default model's: ${percent(nullShare)}`,
    ...skipped.map((what) => `skipped ${what}`),
  ].join('\n')

/**
 * The run in words and tables.
 *
 * @param results - of the run
 */
export const report = (results: Results): string =>
  [
    setting(results),
    speedTable(results, 1),
    speedTable(results, 16),
    stepTable(results),
    flopsTable(results),
    verdictLines(results),
  ].join('\n\n')
