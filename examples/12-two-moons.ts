/** Training and sampling from nothing: a small network learns two moons, then draws them. Its paths and its density, as a picture. */
import { filter, lastValueFrom, map, mergeMap, range, tap } from 'rxjs'
import {
  adamw,
  ddim,
  denoise,
  encodePng,
  linearSchedule,
  mlp,
  openEngine,
  orThrow,
  philox,
  respace,
  snapshot,
  tensorDenoiser,
  tfjs,
  tfjsParameters,
  train,
  trailing,
  twoMoons,
  warmupCosine,
  writeWhole,
} from 'rxdiffusion/node'

await orThrow(openEngine('wasm'))
const architecture = mlp({ size: 2 })
const description = { shape: [2], predicts: 'epsilon', schedule: linearSchedule() } as const
const [updates, points, side] = [800, 1000, 320]
const rate = warmupCosine({ peak: 1e-2, steps: updates, warmup: 30 })
const learned = await lastValueFrom(
  range(0, updates).pipe(
    map((k) => twoMoons({ seed: 7, count: 128 }, k)),
    train({ architecture, description, optimiser: adamw({ rate, clip: 1 }), seed: 7 }),
    filter(({ step }) => step === updates),
    mergeMap((event) => event.save()),
  ),
)
const weights = tfjsParameters((name) => learned.ema.get(name)!)
const model = tensorDenoiser(architecture(tfjs, weights), description)
/** Left: where every point has been, step by step. Right: where they end. */
const data = new Uint8Array(6 * side ** 2).fill(255)
const ink = (panel: number, points: ArrayLike<number>, colour: readonly number[]): void => {
  for (let i = 0; i < points.length; i += 2) {
    const [column = 0, row = 0] = [points[i]!, -points[i + 1]!].map((one) =>
      Math.round(side * (one / 8 + 0.5)),
    )
    if (Math.min(column, row) < 0 || Math.max(column, row) >= side) continue
    const at = 3 * (row * 2 * side + panel * side + column)
    colour.forEach((dark, c) => (data[at + c] = Math.max(0, data[at + c]! - dark)))
  }
}
const frames$ = respace(model.schedule, trailing(50)).pipe(
  denoise({ model, rule: ddim(), noise: philox({ seed: 1 }), batch: points }),
  snapshot({ xt: true }),
  tap(({ xt }) => ink(0, xt.data, [50, 30, 10])),
)
ink(1, (await lastValueFrom(frames$)).xt.data, [160, 90, 30])
const picture = { width: 2 * side, height: side, channels: 3 as const, data }
const { path } = await orThrow(writeWhole('out/12-two-moons.png', encodePng()(picture)))
console.log(`wrote ${path}`)
