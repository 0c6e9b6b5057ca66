import * as tf from '@tensorflow/tfjs-core'
import { lastValueFrom, tap } from 'rxjs'
import { expect, it } from 'vitest'
import type { SavedState } from '../../src/diffusion/saved-state.ts'
import { ddim } from '../../src/diffusion/rule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { loadModel } from '../../src/engine/load-model.ts'
import { checkOperations } from '../../src/engine/operations.ts'
import { E } from '../../src/fp.ts'
import { philox } from '../../src/noise/philox.ts'
import { orThrow } from '../../src/or-throw.ts'
import { denoise, type DenoiseConfig } from '../../src/stream/denoise.ts'
import type { Frame } from '../../src/stream/frame.ts'
import { replayFrom } from '../../src/stream/replay-from.ts'
import { respace } from '../../src/stream/respace.ts'
import { finalSnapshot, snapshot } from '../../src/stream/snapshot.ts'
import { describeOn } from '../support/engines.ts'
import { goldenPath, maxAbsDifference } from '../support/goldens.ts'

const STEPS = 5

describeOn('webgpu:software', 'WebGPU', () => {
  it('computes what plain JavaScript does', async () => {
    await orThrow(openEngine('webgpu:software'))
    expect((await checkOperations()).wrong).toEqual([])
  })

  it('is no GPU here, and says how to take it all the same', async () => {
    expect(await openEngine('webgpu')()).toMatchObject(
      E.left({
        message: expect.stringMatching(
          /^The engine webgpu can't run here: WebGPU finds only .*SwiftShader.*; --engine webgpu:software takes that, slowly\.$/,
        ) as string,
      }),
    )
  })

  it('loses its device with a sentence, and goes on from what was saved on another', async () => {
    const config = async (): Promise<DenoiseConfig<tf.Tensor> & Disposable> => {
      const model = await orThrow(
        loadModel(await orThrow(openEngine('webgpu:software')), goldenPath('unet/option-one-level')),
      )
      return {
        model,
        rule: ddim(),
        noise: philox({ seed: 7 }),
        batch: 1,
        ...(model.labels && { condition: { labels: [0] } }),
        [Symbol.dispose]: () => {
          model[Symbol.dispose]()
        },
      }
    }
    const tensors = tf.memory().numTensors
    let saved: SavedState | undefined
    let whole: ArrayLike<number>
    {
      using first = await config()
      const frames$ = respace(first.model.schedule, trailing(STEPS)).pipe(denoise(first))
      whole = (await finalSnapshot(frames$)).xt.data

      const seen: number[] = []
      const losing = async (frame: Frame<tf.Tensor>): Promise<void> => {
        saved = await frame.save()
        const { device } = tf.backend() as unknown as { readonly device: GPUDevice }
        device.destroy()
        await device.lost
      }
      const lost = lastValueFrom(
        respace(first.model.schedule, trailing(STEPS)).pipe(
          denoise({ ...first, inFlight: 1 }),
          tap((frame) => {
            seen.push(frame.transition.index)
            if (frame.transition.index === 1) frame.waitUntil(losing(frame))
          }),
        ),
      )
      await expect(lost).rejects.toMatchObject({ _tag: 'DeviceLost', engine: 'webgpu:software' })
      await expect(lost).rejects.toThrow(
        /^The engine webgpu:software has lost its device \([^)]+\); start again/,
      )
      expect(seen).toEqual([0, 1])
    }
    expect(tf.memory().numTensors).toBe(tensors)

    using second = await config()
    const rest = await lastValueFrom(replayFrom(saved!, second).pipe(snapshot()))
    expect(rest.transition.index).toBe(STEPS - 1)
    expect(maxAbsDifference(rest.xt.data, whole)).toBeLessThan(1e-6)
  })
})
