/**
 * `npm run bench:gpu`: every engine that starts on a GPU machine beside PyTorch on the same GPU, eager and compiled; and where the
 * time of the fastest engine goes, kernel by kernel.
 *
 *     npm run bench:gpu -- [--rounds 5] [--steps 10] [--batches 1,16,64,256] [--engines webgpu,tensorflow-gpu,…] [--no-python]
 *
 * TensorFlow says how long it takes to ask for a kernel, which on a GPU is less than the kernel takes. Python is the one of `npm run bench`, with a torch that has CUDA.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { philox, sizeOf } from '../src/node.ts'
import { writeCifar } from './cifar.ts'
import { encodeFloats, type Rival, startRival } from './protocol.ts'
import { findPython, rivalScript } from './python.ts'
import { median, table } from './statistics.ts'

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '10' },
    batches: { type: 'string', default: '1,16,64,256' },
    engines: { type: 'string', default: 'tensorflow-gpu,webgpu,onnx:cuda,onnx:webgpu,onnx' },
    'no-python': { type: 'boolean', default: false },
  },
})
const rounds = Number(flags.rounds)
const steps = Number(flags.steps)
const batches = flags.batches.split(',').map(Number)
const workplace = join('out', 'bench')
const note = (text: string): void => {
  process.stderr.write(`${text}\n`)
}
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

interface Contestant {
  readonly key: string
  readonly label: string
  readonly rival: Rival
}

const cifar = join(workplace, 'cifar10-32')
const models = [
  { path: join('pipelines', 'models', 'fashion-mnist'), title: 'the default model', shape: [28, 28, 1] },
  { path: cifar, title: 'google/ddpm-cifar10-32 in shape', shape: [32, 32, 3] },
]
note(`A model of ${writeCifar(cifar)} parameters is in ${cifar}`)

const found = flags['no-python'] ? { missing: '--no-python' } : findPython(join(workplace, 'venv'))
const results: object[] = []
for (const { path, title, shape } of models) {
  const rivals: Contestant[] = flags.engines.split(',').map((engine) => ({
    key: engine,
    label: `the stream, ${engine}`,
    rival: startRival(process.execPath, [join(import.meta.dirname, 'engine.js'), engine, path]),
  }))
  const engines = rivals.map(({ rival }) => rival)
  if ('python' in found) {
    const env = { RXDIFFUSION_BENCH_DEVICE: 'cuda' }
    const rival = startRival(found.python, [rivalScript, 'serve', path, '8'], env)
    rivals.push({ key: 'eager', label: 'diffusers, PyTorch eager', rival })
    rivals.push({ key: 'compiled', label: 'diffusers, torch.compile', rival })
  } else note(`without PyTorch: ${found.missing}`)

  // who does not start is asked about it below, in turn
  for (const { rival } of rivals) rival.greeting.catch(() => undefined)
  const ready: Contestant[] = []
  for (const contestant of rivals)
    try {
      note(`${contestant.label}: ${(await contestant.rival.greeting).about}`)
      ready.push(contestant)
    } catch (error) {
      note(`${contestant.label}: ${reasonOf(error)}`)
    }

  let fastest: Contestant | undefined
  for (const rows of batches) {
    const times = new Map<string, number[]>()
    const chain = async ({ key, rival }: Contestant): Promise<number> => {
      const { ms } = await rival.sample({
        kind: 'sample',
        rival: key,
        rows,
        steps,
        repeats: 1,
        start: encodeFloats(philox({ seed: 7 }).draw(0, [rows, sizeOf(shape)])),
        labels: Array.from({ length: rows }, (_, row) => row % 10),
      })
      return median(ms)
    }
    const able: Contestant[] = []
    for (const contestant of ready)
      try {
        // whatever compiles, compiles for a batch
        for (let i = 0; i < 2; i += 1) await chain(contestant)
        able.push(contestant)
      } catch (error) {
        note(`${contestant.label}, batch ${rows}: ${reasonOf(error)}`)
      }
    for (let round = 0; round < rounds; round += 1)
      for (const contestant of able)
        times.set(contestant.key, [...(times.get(contestant.key) ?? []), await chain(contestant)])
    const ours = able.filter(({ rival }) => engines.includes(rival))
    fastest =
      ours.sort((a, b) => median(times.get(a.key) ?? []) - median(times.get(b.key) ?? []))[0] ?? fastest
    const lines = able.map(({ key, label }) => {
      const seconds = median(times.get(key) ?? []) / 1000
      results.push({
        model: title,
        rows,
        key,
        stepsPerSecond: steps / seconds,
        imagesPerSecond: rows / seconds,
      })
      return [label, (steps / seconds).toFixed(1), (rows / seconds).toFixed(2)]
    })
    process.stdout.write(
      `${table([`${title}, batch ${rows}`, 'steps/s', `images/s of ${steps} steps`], lines)}\n\n`,
    )
  }
  if (fastest !== undefined) {
    const rows = batches.at(-1) ?? 1
    const labels = Array.from({ length: rows }, (_, row) => row % 10)
    const { kernels } = await fastest.rival.kernels({ kind: 'kernels', rows, labels })
    const whole = kernels.reduce((sum, { ms }) => sum + ms, 0)
    results.push({ model: title, rows, key: fastest.key, kernels })
    const lines = kernels
      .slice(0, 12)
      .map(({ name, calls, ms }) => [
        name,
        String(calls),
        ms.toFixed(2),
        `${((100 * ms) / whole).toFixed(0)} %`,
      ])
    process.stdout.write(
      `${table([`${title}, batch ${rows}, ${fastest.label}: one call, ${whole.toFixed(1)} ms`, 'calls', 'ms', 'share'], lines)}\n\n`,
    )
  }
  for (const { rival } of new Set(rivals)) rival.close()
}
mkdirSync(join(workplace, 'results'), { recursive: true })
const file = join(
  workplace,
  'results',
  `gpu-${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.json`,
)
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
note(file)
