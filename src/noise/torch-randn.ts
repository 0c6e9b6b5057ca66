/**
 * `torch.randn` of float32 on a CPU generator, as PyTorch's `aten/src/ATen/native/cpu/DistributionTemplates.h`
 * and `aten/src/ATen/core/DistributionsHelper.h` compute it. Short and long tensors take different ways there.
 */
import { copyMt19937, mt19937, nextWord, skipWords } from './mt19937.ts'
import type { Mt19937 } from './mt19937.ts'

/** A torch CPU generator. {@link randn} advances it in place. */
export interface TorchGenerator {
  readonly words: Mt19937
  /** The second half of the last pair of float64 normals, which the next short tensor begins with. */
  spare: number | undefined
}

/**
 * A generator at its start: `torch.Generator().manual_seed(seed)`.
 *
 * @param seed - in `[0, 2⁶⁴)`; torch, too, uses only its lower 32 bits
 *
 * @example
 * ```ts
 * expect(randn(torchGenerator(0n), 1)[0]).toBeCloseTo(1.5409961, 6)
 * ```
 */
export const torchGenerator = (seed: bigint): TorchGenerator => ({
  words: mt19937(Number(BigInt.asUintN(32, seed))),
  spare: undefined,
})

/**
 * A copy that goes its own way.
 *
 * @example
 * ```ts
 * const generator = torchGenerator(0n)
 * expect(randn(copyTorchGenerator(generator), 20)).toEqual(randn(generator, 20))
 * ```
 */
export const copyTorchGenerator = ({ words, spare }: TorchGenerator): TorchGenerator => ({
  words: copyMt19937(words),
  spare,
})

/** torch fills tensors from this size on in blocks of this size. */
const BLOCK = 16
const HALF = BLOCK / 2
/** float32 2π, the factor in torch's vectorised kernel. */
const TWO_PI = Math.fround(2 * Math.PI)
/** Every intermediate result is rounded where torch's is. */
const f32 = Math.fround

/** Uniform in `[0, 1)` with 24 bits, all that a float32 holds. */
const uniform24 = (words: Mt19937): number => (nextWord(words) & 0xffffff) * 2 ** -24

/** Uniform in `[0, 1)` with 53 bits: the lower 53 of two words, the upper word first. */
const uniform53 = (words: Mt19937): number => {
  const upper = nextWord(words) & 0x1fffff
  return (upper * 2 ** 32 + nextWord(words)) * 2 ** -53
}

/** Turns a block of uniforms into normals, in place: `u₁ = 1 − d[j]` is the radius's and `u₂ = d[j + 8]` the angle's. */
const transformBlock = (data: Float32Array, start: number): void => {
  for (let j = start; j < start + HALF; j++) {
    const radius = f32(Math.sqrt(-2 * f32(Math.log(1 - (data[j] ?? 0)))))
    const angle = f32(TWO_PI * (data[j + HALF] ?? 0))
    data[j] = radius * f32(Math.cos(angle))
    data[j + HALF] = radius * f32(Math.sin(angle))
  }
}

const fillUniform = (words: Mt19937, data: Float32Array, start: number): void => {
  for (let i = start; i < data.length; i++) data[i] = uniform24(words)
}

const long = ({ words }: TorchGenerator, size: number): Float32Array => {
  const data = new Float32Array(size)
  fillUniform(words, data, 0)
  for (let start = 0; start + BLOCK <= size; start += BLOCK) transformBlock(data, start)
  if (size % BLOCK !== 0) {
    // what is left over is not a block, so the last 16 values are all drawn again
    fillUniform(words, data, size - BLOCK)
    transformBlock(data, size - BLOCK)
  }
  return data
}

const short = (generator: TorchGenerator, size: number): Float32Array =>
  Float32Array.from({ length: size }, () => {
    const { spare } = generator
    if (spare !== undefined) {
      generator.spare = undefined
      return spare
    }
    const angle = 2 * Math.PI * uniform53(generator.words)
    const radius = Math.sqrt(-2 * Math.log1p(-uniform53(generator.words)))
    generator.spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  })

/**
 * The next `torch.randn(size, generator=…)`.
 *
 * @remarks
 * From 16 values on: 24-bit uniforms, Box and Muller's transform in blocks of 16, and where 16 does not divide the size
 * the last 16 values again. Below 16: float64 pairs, of which a second half left over begins the next short tensor.
 *
 * @param size - how many values, a whole number from 0
 *
 * @example
 * ```ts
 * expect(randn(torchGenerator(0n), 16)[0]).toBeCloseTo(-1.1258398, 6)
 * ```
 */
export const randn = (generator: TorchGenerator, size: number): Float32Array =>
  size < BLOCK ? short(generator, size) : long(generator, size)

/**
 * Passes over one `torch.randn(size)`, at a fraction of its cost.
 *
 * @example
 * ```ts
 * const [skipping, drawing] = [torchGenerator(0n), torchGenerator(0n)]
 * skipRandn(skipping, 20)
 * randn(drawing, 20)
 * expect(randn(skipping, 20)).toEqual(randn(drawing, 20))
 * ```
 */
export const skipRandn = (generator: TorchGenerator, size: number): void => {
  if (size < BLOCK) short(generator, size)
  else skipWords(generator.words, size % BLOCK === 0 ? size : size + BLOCK)
}
