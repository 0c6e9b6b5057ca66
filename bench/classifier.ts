/**
 * The recipe of `pipelines/models/fashion-mnist-classifier`: trains it, says how many test images it knows, and writes it.
 *
 *     npm run bench:classifier -- FOLDER_OF_FASHION_MNIST [EPOCHS] [ENGINE]
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { concatMap, lastValueFrom } from 'rxjs'
import type { Values } from '../src/algebra/algebra.ts'
import { encodeSafetensors } from '../src/checkpoint/encode-safetensors.ts'
import { openImages } from '../src/data/open-images.ts'
import { openEngine } from '../src/engine/engines.ts'
import { loadClassifier } from '../src/engine/load-classifier.ts'
import { type Classified, learnClasses } from '../src/evaluate/learn-classes.ts'
import { orThrow } from '../src/or-throw.ts'
import { download } from '../src/train/training-state.ts'

const [folder = '.', epochs = '6', engine = 'tensorflow'] = process.argv.slice(2)
const out = 'out/fashion-mnist-classifier'
await orThrow(openEngine(engine as 'tensorflow'))

const load = async (name: string): Promise<Classified> => {
  const source = await orThrow(openImages(join(folder, name), { shape: [28, 28, 1] }))
  return { images: await orThrow(source.read(0, source.count)), labels: source.labels ?? [] }
}

let running = NaN
let weights: ReadonlyMap<string, Values> = new Map()
const data = await load('train-images-idx3-ubyte.gz')
await lastValueFrom(
  learnClasses(data, { classes: 10, epochs: Number(epochs), seed: 0 }).pipe(
    concatMap(async ({ step, steps, loss, parameters }) => {
      running = Number.isNaN(running) ? loss : 0.98 * running + 0.02 * loss
      if (step % 100 === 0) console.log(`${step} of ${steps}: ${running.toFixed(4)}`)
      if (step === steps) weights = await download(parameters)
    }),
  ),
)
await mkdir(out, { recursive: true })
await writeFile(join(out, 'model.safetensors'), encodeSafetensors(weights))

const test = await load('t10k-images-idx3-ubyte.gz')
using network = await orThrow(loadClassifier(out))
const classes = await network.classes(await network.features(test.images))
const right = classes.filter((each, i) => each === test.labels[i]).length
console.log(`knows ${right} of ${classes.length} test images; wrote ${out}/model.safetensors`)
