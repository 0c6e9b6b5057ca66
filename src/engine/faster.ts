/**
 * Whether a machine could do better than with the engine that `auto` has found, and what to type for it.
 */
import type { Failure } from '../failure.ts'
import type { Engine } from './engine.ts'
import { isGpuSeen } from './gpu-seen.ts'

/** Why an engine isn't there that nobody has set up. */
const isNoSurprise = ({ message }: Failure): boolean =>
  /is not set up|is not installed|shows no GPU|is no GPU/.test(message)

/**
 * What to say of an engine that `auto` has found, after its name: what has failed before it, or whether another would be faster.
 *
 * @param engine - the engine
 * @param gpu - whether the machine shows a GPU
 *
 * @example
 * ```ts
 * expect(whetherFaster({ name: 'onnx' }, false)).toBe('no GPU here to be faster')
 * expect(whetherFaster({ name: 'onnx' }, true)).toContain('rxdiffusion doctor')
 * ```
 */
export const whetherFaster = (
  { name, insteadOf = [] }: Pick<Engine, 'name' | 'insteadOf'>,
  gpu: boolean = isGpuSeen(),
): string => {
  const [failed] = insteadOf.filter((failure) => !isNoSurprise(failure))
  if (failed !== undefined) return failed.message.replace(/\.$/, '')
  if (name === 'tensorflow-gpu' || name === 'webgpu') return 'the fastest here'
  return gpu
    ? 'this machine has a GPU that it leaves alone: `rxdiffusion doctor` says what to type for it'
    : 'no GPU here to be faster'
}
