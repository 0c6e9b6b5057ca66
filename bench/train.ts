/**
 * `npm run bench:train`: how fast this project trains, beside PyTorch on the same machine in the same run.
 *
 *     npm run bench:train -- [--rounds 7] [--updates 11] [--batch 64] [--threads 2] [--patience MINUTES] [--json]
 *
 * The default model, untrained; an update is noise, the network forth and back, clipping, AdamW, the average, and its loss as a number.
 * Everybody is asked in turn, round after round. docs/training.md says more.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { uniform } from '../src/noise/uniform.ts'
import {
  decodeUNet2DConfig,
  encodeSafetensors,
  initialWeights,
  orThrow,
  philox,
  uniformTimesteps,
  unet2d,
} from '../src/node.ts'
import { parametersOf } from '../src/model/architecture.ts'
import { encodeFloats, type Rival, startRival, type TrainRequest } from './protocol.ts'
import { findPython } from './python.ts'
import { atOnce, whenQuiet } from './quiet.ts'
import { median, table } from './statistics.ts'

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    updates: { type: 'string', default: '11' },
    batch: { type: 'string', default: '64' },
    threads: { type: 'string', default: String(availableParallelism()) },
    patience: { type: 'string', default: '0' },
    engine: { type: 'string', default: 'tensorflow' },
    'no-python': { type: 'boolean', default: false },
    'no-compile': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const [rounds, rows, updates] = [Number(flags.rounds), Number(flags.batch), Number(flags.updates)]
const { threads, engine } = flags
const take = flags.patience === '0' ? atOnce : whenQuiet(Number(flags.patience))
const workplace = join('out', 'bench')
const untrained = join(workplace, 'untrained')
const seed = 7
const note = (text: string): void => {
  process.stderr.write(`${text}\n`)
}
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The default model as it is before it has learned anything, for everybody to start from. */
const writeUntrained = (): readonly number[] => {
  const path = join('pipelines', 'models', 'fashion-mnist', 'config.json')
  const config = orThrow(decodeUNet2DConfig(path)(JSON.parse(readFileSync(path, 'utf8'))))
  mkdirSync(untrained, { recursive: true })
  copyFileSync(path, join(untrained, 'config.json'))
  const weights = initialWeights(parametersOf(unet2d(config)), seed)
  writeFileSync(
    join(untrained, 'diffusion_pytorch_model.safetensors'),
    encodeSafetensors(weights, { format: 'pt' }),
  )
  return [rows, ...config.sample_size, config.in_channels]
}

interface Contestant {
  readonly key: string
  readonly label: string
  readonly rival: Rival
}

mkdirSync(join(workplace, 'results'), { recursive: true })
const begun = new Date()
const loadBefore = loadavg()[0] ?? 0
const shape = writeUntrained()
const request: Omit<TrainRequest, 'rival' | 'updates'> = {
  kind: 'train',
  seed,
  images: encodeFloats(philox({ seed: 1 }).draw(0, shape)),
  labels: Array.from({ length: rows }, (_, row) => row % 10),
  noise: encodeFloats(philox({ seed }).draw(0, shape)),
  t: uniformTimesteps.draw(uniform(seed, 'timesteps')(0, rows), 1000, new Float64Array()).t,
}

const ours = startRival(process.execPath, [join(import.meta.dirname, 'learner.js'), engine, untrained], {
  TF_NUM_INTRAOP_THREADS: threads,
  TF_NUM_INTEROP_THREADS: threads,
})
const found = flags['no-python'] ? { missing: '--no-python' } : findPython(join(workplace, 'venv'))
const torch =
  'python' in found
    ? startRival(found.python, [join('bench', 'python', 'learner.py'), untrained, threads], {
        OMP_NUM_THREADS: threads,
      })
    : undefined
const skipped = 'missing' in found ? [`PyTorch: ${found.missing}`] : []
const versions = [(await ours.greeting).about, ...(torch === undefined ? [] : [(await torch.greeting).about])]

/** Everybody makes an update from the same numbers, which has to come to the same loss; whoever can't, leaves. */
const contestants: Contestant[] = []
let expected: number | undefined
for (const contestant of [
  { key: 'ours', label: `this project, ${engine} engine`, rival: ours },
  ...(torch === undefined
    ? []
    : [
        { key: 'eager', label: 'diffusers, PyTorch eager', rival: torch },
        { key: 'channels-last', label: 'diffusers, PyTorch eager, channels last', rival: torch },
        ...(flags['no-compile']
          ? []
          : [{ key: 'compiled', label: 'diffusers, torch.compile', rival: torch }]),
      ]),
]) {
  note(`Warming up: ${contestant.label}`)
  try {
    const { losses } = await contestant.rival.train({ ...request, rival: contestant.key, updates })
    const [first = NaN] = losses
    expected ??= first
    if (!(Math.abs(first - expected) < 1e-5)) throw new Error(`its first loss is ${first}, not ${expected}`)
    contestants.push(contestant)
  } catch (error) {
    skipped.push(`${contestant.label}: ${reasonOf(error)}`)
  }
}

/** Milliseconds of an update, one per round. */
const times = new Map<string, number[]>()
const bests = new Map<string, number>()
for (let round = 0; round < rounds; round += 1) {
  note(`Round ${round + 1} of ${rounds}`)
  // nobody always follows the same neighbour
  const order = contestants.map((_, i) => contestants[(i + round) % contestants.length]!)
  if (round % 2 === 1) order.reverse()
  for (const { key, rival } of order) {
    const { ms } = await take(() => rival.train({ ...request, rival: key, updates }))
    times.set(key, [...(times.get(key) ?? []), median(ms)])
    bests.set(key, Math.min(bests.get(key) ?? Infinity, ...ms))
  }
}
ours.close()
torch?.close()

const of = (key: string): readonly number[] => times.get(key) ?? []
/** How many times as long it takes as ours: the median over rounds of the ratio within each. */
const ratio = (key: string): number => median(of(key).map((ms, round) => ms / of('ours')[round]!))
const speeds = contestants.map(({ key, label }) => ({
  key,
  label,
  imagesPerSecond: (1000 * rows) / median(of(key)),
  msPerUpdate: median(of(key)),
  bestMsPerUpdate: bests.get(key)!,
  timesOurs: ratio(key),
}))
const results = {
  date: begun.toISOString(),
  machine: { cpu: cpus()[0]?.model, cores: availableParallelism(), load: [loadBefore, loadavg()[0] ?? 0] },
  versions,
  threads: Number(threads),
  batch: rows,
  rounds,
  updates,
  speeds,
  skipped,
  times: Object.fromEntries(times),
}
const file = join(workplace, 'results', `train-${begun.toISOString().replaceAll(':', '-').slice(0, 19)}.json`)
const json = `${JSON.stringify(results, null, 2)}\n`
writeFileSync(file, json)
process.stdout.write(
  flags.json
    ? json
    : [
        `${results.machine.cpu ?? ''}, ${threads} threads for everybody; ${versions.join('; ')}`,
        `batch ${rows}; medians of ${rounds} rounds of ${updates} updates; load ${loadBefore.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after`,
        table(
          ['an update of the default model', 'images/s', 'ms', 'best', '× ours'],
          speeds.map(({ label, imagesPerSecond, msPerUpdate, bestMsPerUpdate, timesOurs }) => [
            label,
            imagesPerSecond.toFixed(1),
            msPerUpdate.toFixed(0),
            bestMsPerUpdate.toFixed(0),
            timesOurs.toFixed(3),
          ]),
        ),
        ...skipped.map((what) => `skipped ${what}`),
        file,
        '',
      ].join('\n'),
)
