/**
 * The backends that need nothing but npm, ready to use; tfjs says hello on stderr when it is loaded.
 */
import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'

setWasmPaths(
  `${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`,
)

/** The backends on which everything has to hold. */
export const backends = ['cpu', 'wasm'] as const

/** Makes a backend the current one. */
export const useBackend = async (name: (typeof backends)[number]): Promise<void> => {
  if (!(await tf.setBackend(name))) throw new Error(`the backend ${name} does not start`)
  await tf.ready()
}
