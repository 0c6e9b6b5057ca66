/**
 * tfjs on TensorFlow's C library: the package in this project where it works, and otherwise what `rxdiffusion setup` has built.
 */
import * as tf from '@tensorflow/tfjs-core'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import nodeUtil from 'node:util'
import { registerCompiler } from '../algebra/tfjs/compiled.ts'
import type { Engine } from './engine.ts'
import { reasonOf } from './reason.ts'
import { home, packageFolder, packageOf, type Parts } from './setup/place.ts'
import { tensorflowCompiler } from './tensorflow/compile.ts'
import type { NodeBackend } from './tensorflow/recording.ts'
import { loadTfjs, useBackend } from './tfjs-engine.ts'

/** What tfjs-node calls, and Node 23 has dropped. */
const restoreUtilities = (): void => {
  const util = nodeUtil as { isNullOrUndefined?: unknown; isArray?: unknown }
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined
  util.isArray ??= Array.isArray
}

/** What the backend shows of itself. */
interface Library extends NodeBackend {
  readonly isUsingGpuDevice: boolean
  binding: NodeBackend['binding'] & { readonly TF_Version: string }
}

const tryImport = async (module: string): Promise<unknown> => {
  try {
    await import(module)
    return undefined
  } catch (error) {
    return error
  }
}

/** Loads the library, or says why there is none. */
const load = async (parts: Parts): Promise<'project' | 'setup'> => {
  const name = packageOf(parts)
  const type = `type \`rxdiffusion setup tensorflow${parts === 'tensorflow' ? '' : ' --gpu'}\``
  // its name is a variable: the package is optional, and nobody is to resolve it before it is asked for
  const error = await tryImport(name)
  if (error === undefined) return 'project'
  const built = packageFolder(join(home(), parts), parts)
  if (existsSync(built)) {
    const broken = await tryImport(pathToFileURL(join(built, 'dist', 'index.js')).href)
    if (broken === undefined) return 'setup'
    throw new Error(`what was set up does not load (${reasonOf(broken)}); ${type} to build it anew`)
  }
  const reason = reasonOf(error)
  // Node says that it is not installed, a bundler that it can't be resolved
  if (/not installed|Failed to (?:resolve|load)|Could not resolve|Cannot find/i.test(reason))
    throw new Error(`it is not set up; ${type}`)
  if (reason.includes('native addon module'))
    throw new Error(`${name} is installed without its native part; ${type}`)
  throw new Error(`${name} does not load (${reason}); ${type}`)
}

/** The engine on tfjs-node, or on tfjs-node-gpu. */
export const tensorflowEngine = async (parts: Parts): Promise<Engine> => {
  // its words are for its makers; what goes wrong comes back as an error
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
  restoreUtilities()
  // two copies of tfjs register the same kernels, and complain unless this is for real
  tf.enableProdMode()
  const from = await load(parts)
  await useBackend('tensorflow')
  const backend = tf.backend() as unknown as Library
  const { isUsingGpuDevice, binding } = backend
  registerCompiler('tensorflow', tensorflowCompiler(backend))
  if (parts === 'tensorflow-gpu' && !isUsingGpuDevice)
    throw new Error(
      'TensorFlow finds no GPU that it can use; see what `nvidia-smi` says, and type `rxdiffusion setup tensorflow --gpu` for the libraries of CUDA',
    )
  return {
    name: parts,
    about: `TensorFlow ${binding.TF_Version} on the ${isUsingGpuDevice ? 'GPU' : 'CPU'}${from === 'setup' ? '' : ', of this project'}`,
    load: loadTfjs(parts),
  }
}
