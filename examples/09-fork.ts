/**
 * DDPM and DDIM from one seed: they share the first half, and every call of the network. One strip shows both.
 */
import { lastValueFrom } from 'rxjs'
import * as rx from 'rxdiffusion/node'

const network = await rx.orThrow(rx.loadModel(await rx.orThrow(rx.openEngine('onnx'))))
let calls = 0
const counted: typeof network = {
  ...network,
  predict: (...question) => {
    calls += 1
    return network.predict(...question)
  },
}
const model = rx.coalesce(counted)

const forked$ = rx.respace(model.schedule, rx.trailing(30)).pipe(
  rx.denoise({
    model: rx.guided({ weight: 2 })(model),
    rule: rx.ddpm(),
    noise: rx.philox({ seed: 7 }),
    condition: { labels: [1, 5, 8] },
  }),
  rx.takeSteps(15),
  rx.fork({ ddpm: rx.resume(), ddim: rx.resume({ rule: rx.ddim() }) }),
)

const captions = [1, 5, 8].map((label) => network.labels?.names?.[label] ?? String(label))
const branches = { ddpm: 'DDPM', ddim: 'DDIM' }
await lastValueFrom(
  forked$.pipe(
    rx.toFilmStrip('out/09-strip.png', { branches, captions, steps: [15, 17, 19, 21, 23, 25, 27, 28, 29] }),
  ),
)
console.log(`30 steps, the last 15 in two branches, guided: ${String(calls)} calls of the network`)
network[Symbol.dispose]()
