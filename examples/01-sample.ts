/** Ten samples of the default model, one of each class, as a grid. */
import { lastValueFrom } from 'rxjs'
import {
  ddim,
  denoise,
  guided,
  loadModel,
  openEngine,
  orThrow,
  philox,
  respace,
  toGrid,
  trailing,
} from 'rxdiffusion/node'

const engine = await orThrow(openEngine('onnx'))
using model = await orThrow(loadModel(engine))
const captions = model.labels?.names ?? []

const { path } = await lastValueFrom(
  respace(model.schedule, trailing(20)).pipe(
    denoise({
      model: guided({ weight: 2 })(model),
      rule: ddim(),
      noise: philox({ seed: 7 }),
      condition: { labels: captions.map((_, label) => label) },
    }),
    toGrid('out/01-sample.png', { captions }),
  ),
)
console.log(`wrote ${path}`)
