/** A rule of your own is a sum of terms: noisy while the image is undecided, deterministic when it is. */
import { concatMap, from, lastValueFrom, toArray } from 'rxjs'
import {
  ddim,
  ddpm,
  denoise,
  directionToXt,
  loadModel,
  openEngine,
  orThrow,
  philox,
  predictedX0,
  randomNoise,
  respace,
  rule,
  toGrid,
  trailing,
  type PerStep,
} from 'rxdiffusion/node'

const engine = await orThrow(openEngine('onnx'))
using model = await orThrow(loadModel(engine))

// η falls with the image: 1 in pure noise, 0 where nothing but the image is left
const eta: PerStep = ({ from: level }) => 1 - level.alphaBar
const cooling = rule('cooling', [predictedX0, directionToXt({ eta }), randomNoise({ eta })])

const labels = [1, 3, 5, 7, 8, 9]
const written = await lastValueFrom(
  from([ddim(), cooling, ddpm()]).pipe(
    concatMap((each) =>
      respace(model.schedule, trailing(20)).pipe(
        denoise({ model, rule: each, noise: philox({ seed: 3 }), condition: { labels } }),
        toGrid(`out/03-custom-rule-${each.name.replace(/\W.*/, '')}.png`, {
          title: each.name,
          columns: labels.length,
        }),
      ),
    ),
    toArray(),
  ),
)
for (const { path } of written) console.log(`wrote ${path}`)
