/**
 * The paper's Table 1, Table 2 and Figure 4 (arXiv:2010.02502) on the default model:
 *
 *     npm run bench:paper -- FOLDER_OF_FASHION_MNIST
 *
 * Each cell is kept in docs/paper/results.json as soon as it is measured: what was stopped goes on where it was. The page
 * docs/paper.md and its pictures are written from there.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadClassifier, loadModel, openEngine, openImages, orThrow, takeImages } from '../../src/node.ts'
import { writeWhole } from '../../src/media/sink/files.ts'
import { cells, keyOf } from './cells.ts'
import { type Bench, distancesOf, featuresOf, measure } from './measure.ts'
import { page, pictures, type Results } from './page.ts'

const folder = process.argv[2]
const out = 'docs/paper'
const file = join(out, 'results.json')
mkdirSync(out, { recursive: true })
let results: Results = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as Results)
  : { measured: {} }
const write = (path: string, text: string): Promise<unknown> =>
  orThrow(writeWhole(path, new TextEncoder().encode(text)))
const keep = async (next: Results): Promise<void> => {
  results = next
  await write(file, `${JSON.stringify(results, null, 2)}\n`)
}

if (folder !== undefined) {
  // the network on onnxruntime, what is done with frames and features on wasm: the fastest of each that npm brings
  const engine = await orThrow(openEngine('onnx'))
  await orThrow(openEngine('wasm'))
  using model = await orThrow(loadModel(engine, 'pipelines/models/fashion-mnist'))
  using classifier = await orThrow(loadClassifier('pipelines/models/fashion-mnist-classifier'))
  const open = (name: string) =>
    orThrow(openImages(join(folder, `${name}-images-idx3-ubyte.gz`), { shape: model.shape }))
  const source = await open('t10k')
  const known = await featuresOf(classifier, source)
  const bench: Bench = { model, classifier, known, source }
  if (results.floor === undefined) {
    const unseen = await featuresOf(classifier, takeImages(1024)(await open('train')))
    await keep({ ...results, floor: distancesOf(unseen, known) })
  }
  for (const cell of cells) {
    const key = keyOf(cell)
    if (results.measured[key] !== undefined) continue
    const begun = performance.now()
    const measured = await measure(bench, cell)
    await keep({ ...results, measured: { ...results.measured, [key]: measured } })
    const left = cells.filter((each) => results.measured[keyOf(each)] === undefined).length
    console.log(`${key}: ${((performance.now() - begun) / 1000).toFixed(0)} s; ${left} to do`)
  }
}

await write('docs/paper.md', page(results))
for (const [name, svg] of await pictures(results)) await write(join(out, name), svg)
