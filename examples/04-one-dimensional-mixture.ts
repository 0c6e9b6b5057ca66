/** A whole sampler on the real line: no tensors, no network, the exact score of two Gaussians. Its paths, as a picture. */
import { lastValueFrom, map, mergeMap, type Observable, range, toArray } from 'rxjs'
import {
  ddim,
  ddpm,
  denoise,
  encodePng,
  gaussianMixture,
  orThrow,
  philox,
  respace,
  trailing,
  writeWhole,
  type Rule,
} from 'rxdiffusion/node'

const model = gaussianMixture([
  { mean: -1.2, deviation: 0.1 },
  { mean: 0.8, deviation: 0.3, weight: 2 },
])
const [steps, height] = [200, 240]

/** The path of one number, from noise (left out) to the mixture. */
const path = (rule: Rule, seed: number): Observable<number[]> =>
  respace(model.schedule, trailing(steps)).pipe(
    denoise({ model, rule, noise: philox({ seed }) }),
    map((frame) => frame.xt),
    toArray(),
  )

/** Where the paths have been, darker where more of them were. */
const picture = (paths: readonly number[][]) => {
  const data = new Uint8Array(3 * steps * height).fill(255)
  for (const xs of paths)
    xs.forEach((x, column) => {
      const row = Math.round(((3 - x) / 6) * (height - 1))
      if (row < 0 || row >= height) return
      const at = 3 * (row * steps + column)
      data.set(
        [0, 1, 2].map((c) => Math.max(0, data[at + c]! - (c === 2 ? 40 : 90))),
        at,
      )
    })
  return { width: steps, height, channels: 3 as const, data }
}

for (const rule of [ddim(), ddpm()]) {
  const all$ = range(0, 100).pipe(
    mergeMap((seed) => path(rule, seed)),
    toArray(),
  )
  const paths = await lastValueFrom(all$)
  const right = (100 * paths.filter((xs) => xs.at(-1)! > 0).length) / paths.length
  const file = `out/04-mixture-${rule.name.slice(0, 4)}.png`
  await orThrow(writeWhole(file, encodePng()(picture(paths))))
  console.log(`${rule.name}: ${right.toFixed(0)} % in the right bump (67 % of the data); wrote ${file}`)
}
