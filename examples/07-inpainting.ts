/** Real images, half of them forgotten: painted anew where they are not known, and dreamt on from where they are blurred. */
import { lastValueFrom } from 'rxjs'
import {
  ddim,
  ddpm,
  defaultImages,
  guided,
  imageToImage,
  inpaint,
  loadModel,
  openEngine,
  openImages,
  orThrow,
  philox,
  respace,
  strength,
  toGrid,
  trailing,
  type Values,
} from 'rxdiffusion/node'

const engine = await orThrow(openEngine('onnx'))
using network = await orThrow(loadModel(engine))
const { schedule } = network
const model = guided({ weight: 2 })(network)

const source = await orThrow(openImages(defaultImages, { shape: model.shape }))
const images = await orThrow(source.read(0, 8))
const condition = { labels: source.labels!.slice(0, 8) }
const style = { columns: 8, captions: condition.labels.map((label) => model.labels!.names![label]!) }

/** Every image is 28 pixels wide, and its left half is known. */
const mask: Values = { shape: images.shape, data: images.data.map((_, i) => (i % 28 < 14 ? 1 : 0)) }
const noise = philox({ seed: 7 })
const half = { ...images, data: images.data.map((x, i) => (mask.data[i] === 1 ? x : -1)) }

const written = [
  await lastValueFrom(
    respace(schedule, trailing(20)).pipe(
      inpaint({ model, rule: ddpm(), noise, condition, images: half, mask, jump: 5, resample: 3 }),
      toGrid('out/07-inpainting.png', { ...style, title: 'left: known, right: painted' }),
    ),
  ),
  await lastValueFrom(
    respace(schedule, strength(trailing(50), 0.5)).pipe(
      imageToImage({
        model,
        rule: ddim(),
        noise,
        condition: { labels: condition.labels.map(() => 8) },
        images,
      }),
      toGrid('out/07-image-to-image.png', { ...style, title: 'half forgotten, and remembered as bags' }),
    ),
  ),
]
for (const { path } of written) console.log(`wrote ${path}`)
