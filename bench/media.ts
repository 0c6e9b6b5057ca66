/**
 * `npm run bench:media`: what it costs to write frames, beside ffmpeg alone on the same machine in the same run.
 *
 *     npm run bench:media -- [--rounds 5] [--quick]
 *
 * Films: the same frames, by us into ffmpeg and by ffmpeg from a file of raw RGB, in turn. What is compared are ratios within a round, and
 * medians over rounds. docs/media.md says more.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { lastValueFrom, type OperatorFunction, tap } from 'rxjs'
import * as rx from '../src/node.ts'
import { ffmpegArguments } from '../src/media/sink/ffmpeg.ts'
import { framesAtHand } from './media-frames.ts'
import { median, table } from './statistics.ts'

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, quick: { type: 'boolean', default: false } },
})
const rounds = Number(flags.rounds)
const room = mkdtempSync(join(tmpdir(), 'rxdiffusion-bench-media-'))
const note = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

type Shape = readonly [rows: number, height: number, width: number, channels: number]
type Sink = OperatorFunction<rx.Frame<rx.Values>, unknown>
const bare = { scale: 1, hold: 0 } as const

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now()
  await work()
  return (performance.now() - begun) / 1000
}

const ffmpeg = async (args: readonly string[]): Promise<void> => {
  const [code] = (await once(spawn('ffmpeg', args, { stdio: 'ignore' }), 'close')) as [number]
  if (code !== 0) throw new Error(`ffmpeg ended with code ${String(code)}`)
}

/** Writes frames, and watches what this process takes of the memory. */
const watched = async (frames: ReturnType<typeof framesAtHand>, count: number, sink: Sink) => {
  let [seen, early, late] = [0, 0, 0]
  const watch = tap<rx.Frame<rx.Values>>(() => {
    seen += 1
    if (seen % 10 !== 0) return
    const rss = process.memoryUsage.rss() / 2 ** 20
    if (seen <= count / 4) early = Math.max(early, rss)
    late = Math.max(late, rss)
  })
  const before = process.cpuUsage()
  const seconds = await secondsOf(() => lastValueFrom(frames.pipe(watch, sink)))
  const { user, system } = process.cpuUsage(before)
  return { seconds, cpu: (user + system) / 1e6, early, late }
}

const film = async (size: number, count: number): Promise<readonly string[]> => {
  const [raw, ours, theirs] = ['raw.rgb', 'ours.mp4', 'theirs.mp4'].map((name) => join(room, name)) as [
    string,
    string,
    string,
  ]
  const shape: Shape = [1, size, size, 3]
  const frames = framesAtHand(shape, count)
  await lastValueFrom(frames.pipe(rx.toRaw(createWriteStream(raw), bare)))
  const extent = { width: size, height: size }
  const told = ffmpegArguments({ place: theirs, path: theirs, codec: 'h264', extent, fps: 25 })
  const alone = told.map((word) => (word === 'pipe:0' ? raw : word))
  const ratios: number[] = []
  const runs: Array<Awaited<ReturnType<typeof watched>>> = []
  const alones: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    note(`${String(count)} frames of ${String(size)}², round ${String(round + 1)} of ${String(rounds)}`)
    const we = () => watched(frames, count, rx.toVideo(ours, bare))
    const they = () => secondsOf(() => ffmpeg(alone))
    // nobody is always the first
    const [run, seconds] =
      round % 2 === 0 ? [await we(), await they()] : await they().then(async (t) => [await we(), t] as const)
    ratios.push(run.seconds / seconds)
    runs.push(run)
    alones.push(seconds)
  }
  if (statSync(ours).size !== statSync(theirs).size) throw new Error('the films differ')
  rmSync(raw)
  return [
    `${String(count)} × ${String(size)}²`,
    `${median(alones).toFixed(1)} s`,
    `${median(runs.map(({ seconds }) => seconds)).toFixed(1)} s`,
    `${median(ratios).toFixed(3)} ×`,
    `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`,
    `${((1000 * median(runs.map(({ cpu }) => cpu))) / count).toFixed(2)} ms`,
    `${Math.max(...runs.slice(1).map(({ early }) => early)).toFixed(0)} / ${Math.max(...runs.slice(1).map(({ late }) => late)).toFixed(0)} MB`,
  ]
}

/** Milliseconds of a step of the default model. */
const stepOf = async (rows: number): Promise<number> => {
  const model = await rx.orThrow(
    rx.loadModel(await rx.orThrow(rx.openEngine('onnx')), join('pipelines', 'models', 'fashion-mnist')),
  )
  const labels = Array.from({ length: rows }, (_, row) => row % 10)
  const config = { model, rule: rx.ddim(), noise: rx.philox({ seed: 7 }), condition: { labels } }
  const frames$ = rx.respace(model.schedule, rx.trailing(8)).pipe(rx.denoise(config))
  const times: number[] = []
  for (let i = 0; i < 4; i += 1) {
    let before = performance.now()
    await lastValueFrom(
      frames$.pipe(
        tap(() => {
          const now = performance.now()
          times.push(now - before)
          before = now
        }),
      ),
    )
  }
  model[Symbol.dispose]()
  return median(times)
}

const sinks: Readonly<Record<string, () => Sink>> = {
  'png, level 3': () => rx.toPngSequence(join(room, 'frames'), bare),
  gif: () => rx.toGif(join(room, 'x.gif'), bare),
  apng: () => rx.toApng(join(room, 'x.apng'), bare),
  y4m: () => rx.toY4m(createWriteStream('/dev/null'), bare),
  'mp4 (ffmpeg)': () => rx.toVideo(join(room, 'x.mp4'), bare),
}

const costs = async (
  what: string,
  shape: Shape,
  count: number,
  step: number,
): Promise<ReadonlyArray<readonly string[]>> => {
  const rows: string[][] = []
  for (const [name, sink] of Object.entries(sinks)) {
    note(`${what} as ${name}`)
    const frames = framesAtHand(shape, count)
    const times: number[] = []
    for (let round = 0; round < Math.max(3, rounds); round += 1)
      times.push((1000 * (await secondsOf(() => lastValueFrom(frames.pipe(sink()))))) / count)
    const ms = median(times)
    rows.push([`${what}, ${name}`, `${ms.toFixed(2)} ms`, `${((100 * ms) / step).toPrecision(2)} %`])
  }
  return rows
}

try {
  const before = loadavg()[0] ?? 0
  const films = flags.quick ? [await film(256, 200)] : [await film(256, 2000), await film(1024, 300)]
  const [one, many] = [await stepOf(1), await stepOf(64)]
  const large = one * (1024 / 28) ** 2
  const each = [
    ...(await costs('64 images of 28²', [64, 28, 28, 1], flags.quick ? 20 : 100, many)),
    ...(await costs('one of 1024²', [1, 1024, 1024, 3], flags.quick ? 4 : 20, large)),
  ]
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${String(availableParallelism())} cores, load ${before.toFixed(1)} before and ${(loadavg()[0] ?? 0).toFixed(1)} after`
  process.stdout.write(
    [
      machine,
      '',
      table(
        ['into mp4', 'ffmpeg alone', 'ours', 'ratio', 'rounds', 'our CPU a frame', 'RSS early / peak'],
        films,
      ),
      '',
      `A step of the default model: ${one.toFixed(1)} ms at batch 1, ${many.toFixed(1)} ms at batch 64; at 1024² taken for ${(large / 1000).toFixed(1)} s, as convolutions grow with the pixels.`,
      '',
      table(['a frame', 'takes', 'of a step'], each),
      '',
    ].join('\n'),
  )
} finally {
  rmSync(room, { recursive: true, force: true })
}
