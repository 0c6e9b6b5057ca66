/**
 * `npm run bench`: how fast this project samples, beside others on the same machine in the same run.
 *
 *     npm run bench -- [--rounds 9] [--steps 20] [--threads N] [--patience MINUTES] [--no-python] [--json]
 *
 * Everybody is asked in turn, round after round, so that what else the machine does strikes all alike; what is compared
 * are ratios within a round. docs/benchmarks.md says more.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { philox } from '../src/node.ts'
import { decodeFloats, encodeFloats, type NullRival, type Rival, startRival } from './protocol.ts'
import { findPython, rivalScript } from './python.ts'
import { atOnce, whenQuiet } from './quiet.ts'
import { report, type Results, type Verdict } from './report.ts'
import { median } from './statistics.ts'

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    steps: { type: 'string', default: '20' },
    threads: { type: 'string', default: String(availableParallelism()) },
    patience: { type: 'string', default: '0' },
    'no-python': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(flags.rounds)
const steps = Number(flags.steps)
const { threads } = flags

const batches = [1, 16] as const
const repeats = { 1: 5, 16: 1 } as const
/** Compilers take their time: V8 is busy with the stream for some thousand steps, on the cores that the network wants. */
const warmUps = { 1: 200, 16: 3 } as const
const nullSteps = 1000
const productSize = 1024

const modelPath = join('pipelines', 'models', 'fashion-mnist')
const workplace = join('out', 'bench')
const note = (text: string): void => {
  process.stderr.write(`${text}\n`)
}
const take = flags.patience === '0' ? atOnce : whenQuiet(Number(flags.patience))
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Somebody who samples. */
interface Contestant {
  readonly key: string
  readonly label: string
  readonly rival: Rival
}

/** Milliseconds of a whole chain (or another unit of work), one per round. */
type Times = Map<string, number[]>

const keyOf = (contestant: string, rows: number): string => `${contestant}/${rows}`

const push = (times: Times, key: string, value: number): void => {
  times.set(key, [...(times.get(key) ?? []), value])
}

const chain = async ({ key, rival }: Contestant, rows: 1 | 16, times: number) =>
  rival.sample({
    kind: 'sample',
    rival: key,
    rows,
    steps,
    repeats: times,
    start: encodeFloats(philox({ seed: 7 }).draw(0, [rows, 28, 28, 1])),
    labels: Array.from({ length: rows }, (_, row) => row % 10),
  })

/** Everybody samples once; whoever can't, leaves. The images have to be the same. */
const warmUp = async (
  contestants: readonly Contestant[],
  skipped: string[],
): Promise<readonly Contestant[]> => {
  const ready: Contestant[] = []
  const images = new Map<number, Float32Array>()
  for (const contestant of contestants) {
    note(`Warming up: ${contestant.label}`)
    try {
      for (const rows of batches) {
        const end = decodeFloats((await chain(contestant, rows, warmUps[rows])).end)
        const expected = images.get(rows) ?? end
        images.set(rows, expected)
        const apart = end.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0)
        if (!(apart < 1e-3)) throw new Error(`its images differ by ${apart.toPrecision(2)}`)
      }
      ready.push(contestant)
    } catch (error) {
      skipped.push(`${contestant.label}: ${reasonOf(error)}`)
    }
  }
  return ready
}

/** torch's own exports of the network, for each batch. */
const exportByTorch = (python: string): string | undefined => {
  for (const rows of batches) {
    const file = join(workplace, `torch-${rows}.onnx`)
    const { status } = spawnSync(python, [rivalScript, 'export', modelPath, file, String(rows), threads], {
      stdio: 'ignore',
    })
    if (status !== 0) return 'torch could not export the network'
  }
  return undefined
}

mkdirSync(join(workplace, 'results'), { recursive: true })
const begun = new Date()
const loadBefore = loadavg()[0] ?? 0
const skipped: string[] = []

const found = flags['no-python'] ? { missing: '--no-python' } : findPython(join(workplace, 'venv'))
if ('missing' in found) skipped.push(`diffusers, and torch's export: ${found.missing}`)
else {
  note('Exporting the network by torch')
  const failure = exportByTorch(found.python)
  if (failure !== undefined) skipped.push(failure)
}

const ours = startRival(process.execPath, [
  join(import.meta.dirname, 'ours.js'),
  modelPath,
  threads,
  ...('python' in found ? [workplace] : []),
])
const peers =
  'python' in found
    ? startRival(found.python, [rivalScript, 'serve', modelPath, threads], { OMP_NUM_THREADS: threads })
    : undefined
const { about, flops = 0 } = await ours.greeting
const versions = [about]

/** The stream on TensorFlow, where that is set up. */
const onTensorflow = startRival(
  process.execPath,
  [join(import.meta.dirname, 'engine.js'), 'tensorflow', modelPath],
  { TF_NUM_INTRAOP_THREADS: threads, TF_NUM_INTEROP_THREADS: '1' },
)
const tensorflow = await onTensorflow.greeting.then(
  (greeting) => greeting.about,
  (error: unknown) => {
    skipped.push(`this project on tensorflow: ${reasonOf(error)}`)
  },
)
if (tensorflow !== undefined) versions.push(tensorflow)
if (peers !== undefined) versions.push((await peers.greeting).about)

const contestants = await warmUp(
  [
    { key: 'stream', label: 'this project: the stream, onnx engine', rival: ours },
    { key: 'hand', label: 'the same session, a loop by hand', rival: ours },
    ...(tensorflow === undefined
      ? []
      : [{ key: 'tensorflow', label: 'this project: the stream, tensorflow engine', rival: onTensorflow }]),
    ...(peers === undefined
      ? []
      : [
          { key: 'export', label: 'torch ONNX export, the loop by hand', rival: ours },
          { key: 'eager', label: 'diffusers, PyTorch eager', rival: peers },
          { key: 'compiled', label: 'diffusers, torch.compile', rival: peers },
        ]),
  ],
  skipped,
)

const times: Times = new Map()
/** The shortest that anything ever took. */
const bests = new Map<string, number>()
const record = (key: string, values: readonly number[]): void => {
  push(times, key, median(values))
  bests.set(key, Math.min(bests.get(key) ?? Infinity, ...values))
}
const nulls: NullRival[] = ['tfjs', 'numbers', 'hand']
// the first runs of a program are not its speed
for (const rival of nulls) await ours.steps({ kind: 'null', rival, steps: nullSteps })

for (let round = 0; round < rounds; round += 1) {
  note(`Round ${round + 1} of ${rounds}`)
  // nobody always follows the same neighbour
  const order = contestants.map((_, i) => contestants[(i + round) % contestants.length]!)
  if (round % 2 === 1) order.reverse()
  for (const rows of batches)
    for (const contestant of order) {
      const { ms } = await take(() => chain(contestant, rows, repeats[rows]))
      record(keyOf(contestant.key, rows), ms)
    }
  for (const rival of nulls) {
    const { us } = await take(() => ours.steps({ kind: 'null', rival, steps: nullSteps }))
    push(times, `null/${rival}`, median(us))
  }
  const { ms } = await take(() => ours.product({ kind: 'product', size: productSize, repeats: 9 }))
  push(times, 'product', median(ms))
}
ours.close()
onTensorflow.close()
peers?.close()

const of = (key: string): readonly number[] => times.get(key) ?? []

/** How many times longer `slower` takes than `faster`: the median over rounds of the ratio within each. */
const ratio = (slower: string, faster: string): number => {
  const other = of(faster)
  return median(of(slower).map((ms, round) => ms / other[round]!))
}

const speeds = batches.flatMap((rows) =>
  contestants.map(({ key, label }) => {
    const ms = of(keyOf(key, rows))
    return {
      batch: rows,
      key,
      label,
      imagesPerSecond: (1000 * rows) / median(ms),
      msPerStep: median(ms) / steps,
      bestMsPerStep: bests.get(keyOf(key, rows))! / steps,
      timesTheStream: ratio(keyOf(key, rows), keyOf('stream', rows)),
    }
  }),
)
/** What the stream adds to a step of the loop by hand, on the same session. */
const added = batches.map((rows) => ({
  batch: rows,
  us: median(
    of(keyOf('stream', rows)).map((ms, round) => (1000 * (ms - of(keyOf('hand', rows))[round]!)) / steps),
  ),
  share: ratio(keyOf('stream', rows), keyOf('hand', rows)) - 1,
}))
const nullOf = (rival: NullRival): number => median(of(`null/${rival}`))
const nullUs = { tfjs: nullOf('tfjs'), numbers: nullOf('numbers'), hand: nullOf('hand') }
const productFlops = (2 * productSize ** 3) / (median(of('product')) / 1000)
const network = batches.map((rows) => ({
  batch: rows,
  flopsPerSecond: (rows * flops) / (median(of(keyOf('stream', rows))) / steps / 1000),
  // both from one round, and then the median
  share: median(
    of(keyOf('stream', rows)).map(
      (ms, round) => (rows * flops * steps * of('product')[round]!) / (ms * 2 * productSize ** 3),
    ),
  ),
}))
const nullShare = median(
  of('null/tfjs').map((us, round) => us / 1000 / (of(keyOf('stream', 1))[round]! / steps)),
)

const has = (key: string): boolean => contestants.some((contestant) => contestant.key === key)

/** A claim that one takes at least so many times as long as another. */
const claim = (text: string, least: number, slower: string, faster: string): Verdict => ({
  claim: text,
  least,
  value: ratio(slower, faster),
  best: bests.get(slower)! / bests.get(faster)!,
  holds: ratio(slower, faster) >= least,
})
const results: Results = {
  date: begun.toISOString(),
  machine: {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    load: [loadBefore, loadavg()[0] ?? 0],
  },
  versions,
  threads: Number(threads),
  steps,
  rounds,
  speeds,
  added,
  nullUs,
  nullShare,
  flopsPerImage: flops,
  network,
  productSize,
  productFlops,
  verdicts: [
    ...(has('eager')
      ? [
          claim('batch 1: diffusers eager takes ≥ 3 × as long', 3, 'eager/1', 'stream/1'),
          claim('batch 16: diffusers eager takes ≥ 1.4 × as long', 1.4, 'eager/16', 'stream/16'),
        ]
      : []),
    ...(has('export')
      ? [
          claim(
            "batch 1: torch's export is not faster than our graph (2 % allowed)",
            0.98,
            'export/1',
            'hand/1',
          ),
          claim(
            "batch 16: torch's export is not faster than our graph (2 % allowed)",
            0.98,
            'export/16',
            'hand/16',
          ),
        ]
      : []),
  ],
  skipped,
  times: Object.fromEntries(times),
}
const file = join(workplace, 'results', `${begun.toISOString().replaceAll(':', '-').slice(0, 19)}.json`)
const json = `${JSON.stringify(results, null, 2)}\n`
writeFileSync(file, json)
process.stdout.write(flags.json ? json : `${report(results)}\n\n${file}\n`)
