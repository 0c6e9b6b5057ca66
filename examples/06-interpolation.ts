/** From one sneaker to another, and on to a bag: noise, class and the weight of the class change from stop to stop. */
import { lastValueFrom } from 'rxjs'
import {
  ddim,
  interpolate,
  loadModel,
  loop,
  openEngine,
  orThrow,
  path,
  philox,
  plane,
  respace,
  toGrid,
  trailing,
  type Route,
} from 'rxdiffusion/node'

const engine = await orThrow(openEngine('onnx'))
using model = await orThrow(loadModel(engine))
const { schedule } = model

/** Samples with DDIM, in 20 steps, what lies on the way through a few points: a seed, a class and a weight each. */
const travel = (
  name: string,
  route: Route,
  points: ReadonlyArray<readonly [seed: number, label: number, guidance: number]>,
  columns: number,
) =>
  lastValueFrom(
    respace(schedule, trailing(20)).pipe(
      interpolate({
        model,
        rule: ddim(),
        route,
        noise: points.map(([seed]) => philox({ seed })),
        labels: points.map(([, label]) => label),
        guidance: points.map(([, , guidance]) => guidance),
      }),
      toGrid(`out/06-interpolation-${name}.png`, { columns, title: route.name }),
    ),
  )

const [sneaker, bag, boot] = [7, 8, 9]
const shoe = [3, sneaker, 2] as const
const other = [8, sneaker, 2] as const
const written = [
  await travel('path', path(6), [shoe, other, [5, bag, 2]], 11),
  await travel('loop', loop(5), [shoe, [3, sneaker, 6], [3, boot, 2]], 6),
  await travel('plane', plane(5, 4), [shoe, other, [5, bag, 2], [5, boot, 2]], 5),
]
for (const { path } of written) console.log(`wrote ${path}`)
