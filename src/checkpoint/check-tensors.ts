/**
 * A checkpoint against what a network wants of it.
 */
import type { Shape } from '../algebra/algebra.ts'
import { sameShape } from '../algebra/shape.ts'
import { fail, type FailureOf } from '../failure.ts'
import { E } from '../fp.ts'

/**
 * Makes sure that every wanted tensor is there, with its shape.
 *
 * @param path - what to call the checkpoint in a failure
 * @param wanted - shapes by name
 * @param found - what the checkpoint has; tensors that nobody wants do no harm
 * @returns the wanted tensors, in the order in which they are wanted; or TensorMissing or TensorShape for the first that is not right
 *
 * @example
 * ```ts
 * const wanted = new Map([['conv_in.bias', [32]]])
 * const found = new Map([['conv_in.bias', { shape: [16] }]])
 * expect(checkTensors('model', wanted, found)).toMatchObject(
 *   E.left({ message: 'conv_in.bias in model has the shape [16]; config.json asks for [32].' }),
 * )
 * ```
 */
export const checkTensors = <Tensor extends { readonly shape: Shape }>(
  path: string,
  wanted: ReadonlyMap<string, Shape>,
  found: ReadonlyMap<string, Tensor>,
): E.Either<FailureOf<'TensorMissing' | 'TensorShape'>, ReadonlyMap<string, Tensor>> => {
  const checked = new Map<string, Tensor>()
  for (const [tensor, expected] of wanted) {
    const candidate = found.get(tensor)
    if (candidate === undefined) return E.left(fail('TensorMissing', { path, tensor }))
    if (!sameShape(candidate.shape, expected))
      return E.left(fail('TensorShape', { path, tensor, expected, found: candidate.shape }))
    checked.set(tensor, candidate)
  }
  return E.right(checked)
}
