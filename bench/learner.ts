/**
 * A process with one engine, on which this project trains as users have it.
 *
 *     node learner.js ENGINE MODEL
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lastValueFrom, map, range, tap } from 'rxjs'
import { TE } from '../src/fp.ts'
import { adamw, decodeUNet2DConfig, linearSchedule, orThrow, train, unet2d } from '../src/node.ts'
import { decodeFloats, type TrainAnswer, type TrainRequest } from './protocol.ts'
import { openOrLeave, serve } from './serve.ts'

const [name = '', modelPath = ''] = process.argv.slice(2)
const engine = await openOrLeave(name)
const json: unknown = JSON.parse(readFileSync(join(modelPath, 'config.json'), 'utf8'))
const config = orThrow(decodeUNet2DConfig('config.json')(json))
const shape = [...config.sample_size, config.in_channels]

const learn = async ({ updates, seed, images, labels }: TrainRequest): Promise<TrainAnswer> => {
  const batch = { images: { shape: [labels.length, ...shape], data: decodeFloats(images) }, labels }
  const [ms, losses]: [number[], number[]] = [[], []]
  let before = performance.now()
  await lastValueFrom(
    range(0, updates + 1).pipe(
      map(() => TE.right(batch)),
      train({
        architecture: unet2d(config),
        description: {
          shape,
          predicts: 'epsilon',
          schedule: linearSchedule(),
          labels: { count: config.num_class_embeds ?? 0 },
        },
        optimiser: adamw({ rate: () => 1e-4, weightDecay: 1e-4, beta2: 0.99, clip: 1 }),
        seed,
      }),
      tap(({ step, loss }) => {
        const now = performance.now()
        // the first update is made when everything has been uploaded
        if (step > 1) ms.push(now - before)
        before = now
        losses.push(loss)
      }),
    ),
  )
  return { ms, losses }
}

await serve({ about: engine.about }, learn)
