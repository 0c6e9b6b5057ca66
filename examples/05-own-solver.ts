/** A solver of your own: DDIM's step, with x̂₀ as it would be half a step further on if it went on changing as it did. */
import { concatMap, from, lastValueFrom, toArray } from 'rxjs'
import {
  ddim,
  denoise,
  guided,
  halfLogSnr,
  karras,
  linear,
  loadModel,
  openEngine,
  orThrow,
  philox,
  respace,
  toGrid,
  withX0,
  type Rule,
} from 'rxdiffusion/node'

const ahead: Rule = {
  ...ddim(),
  name: 'ahead',
  memory: 1,
  refine: (now, [before]) => {
    if (before === undefined || now.transition.to.alphaBar === 1) return now
    const [was, is, next] = [before.transition.from, now.transition.from, now.transition.to].map(halfLogSnr)
    const share = (0.5 * (next! - is!)) / (is! - was!)
    return withX0(now, linear([1 + share, now.estimate.x0], [-share, before.estimate.x0]))
  },
}

const engine = await orThrow(openEngine('onnx'))
using model = await orThrow(loadModel(engine))

// seven steps: where DDIM blurs, two estimates see more than one
const labels = [1, 3, 5, 7, 8, 9]
const written = await lastValueFrom(
  from([ddim(), ahead]).pipe(
    concatMap((rule) =>
      respace(model.schedule, karras(7)).pipe(
        denoise({
          model: guided({ weight: 2 })(model),
          rule,
          noise: philox({ seed: 3 }),
          condition: { labels },
        }),
        toGrid(`out/05-own-solver-${rule.name.replace(/\W.*/, '')}.png`, {
          title: rule.name,
          columns: labels.length,
        }),
      ),
    ),
    toArray(),
  ),
)
for (const { path } of written) console.log(`wrote ${path}`)
