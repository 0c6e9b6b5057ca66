/** The paper's figure 5: from one x_T, DDIM reaches the same image in 5 steps or in 50, and DDPM does not. */
import { concatMap, from, lastValueFrom, toArray } from 'rxjs'
import {
  consistency,
  ddim,
  ddpm,
  encodePng,
  grid,
  guided,
  loadModel,
  openEngine,
  orThrow,
  philox,
  trailing,
  writeWhole,
  type Values,
} from 'rxdiffusion/node'

const engine = await orThrow(openEngine('onnx'))
using network = await orThrow(loadModel(engine))
const model = guided({ weight: 2 })(network)
const condition = { labels: [1, 3, 5, 7, 8, 9] }
const spacings = [5, 10, 20, 50].map((steps) => trailing(steps))

/** Batches one above the other. */
const stacked = (batches: readonly Values[]): Values => ({
  shape: [batches.length * condition.labels.length, ...model.shape],
  data: Float32Array.from(batches.flatMap(({ data }) => [...data])),
})
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length

const all = await lastValueFrom(
  from([ddim(), ddpm()]).pipe(
    concatMap((rule) => consistency({ model, rule, spacings, condition, noise: philox({ seed: 3 }) })),
    toArray(),
  ),
)
for (const [which, name] of ['ddim', 'ddpm'].entries()) {
  const rows = all[which]!
  const captions = rows.flatMap(({ spacing, distances }) =>
    distances.map((distance) => `${spacing.name.replace(/\D/g, '')}: ${distance.toFixed(2)}`),
  )
  const picture = grid({ columns: condition.labels.length, captions, title: name })
  const path = `out/08-consistency-${name}.png`
  await orThrow(writeWhole(path, encodePng()(picture(stacked(rows.map(({ images }) => images))))))
  const far = rows.map(({ distances }) => mean(distances).toFixed(3))
  console.log(`${name}: ${far.join(', ')} from the last; wrote ${path}`)
}
