/**
 * The two layers that a UNet's blocks repeat: the residual block, and attention over the pixels.
 */
import type { Activation } from '../algebra/algebra.ts'
import type { Layer, Layers } from './layers.ts'

/** A layer that knows the time (and the class): `temb` is their embedding, activated. */
export type TimedLayer<T> = (x: T, temb: T) => T

/** What all blocks of one network have in common. */
export interface BlockStyle {
  /** Width of the embedding of time. */
  readonly time: number
  readonly activation: Activation
  readonly norm: { readonly groups: number; readonly eps: number }
  /** Whether time shifts the features, or scales and shifts them after the norm. */
  readonly conditioning: 'default' | 'scale_shift'
}

/**
 * A residual block: two normalised convolutions, with the time between them, beside a shortcut.
 *
 * @remarks
 * `h = conv1(resize(act(norm1(x))))`, then time, then `(shortcut(resize(x)) + conv2(act(norm2(h)))) / divisor`.
 * The activation of `temb`, the same in every block, is left to the caller.
 *
 * @param nn - the layers
 * @param name - the prefix of the weights' names
 * @param style - what all blocks share
 * @param options - channels in and out; `resize` halves or doubles the image on the way; `divisor` scales the sum
 *
 * @example
 * ```ts
 * const asked: string[] = []
 * const nn = layers(shapes(() => undefined), (name, shape) => (asked.push(name), shape))
 * const style: BlockStyle = { time: 8, activation: 'silu', norm: { groups: 2, eps: 1e-5 }, conditioning: 'default' }
 * expect(resnetBlock(nn, 'r', style, { from: 4, to: 6 })([1, 8, 8, 4], [1, 8])).toEqual([1, 8, 8, 6])
 * expect(asked).toContain('r.conv_shortcut.weight')
 * ```
 */
export const resnetBlock = <T>(
  nn: Layers<T>,
  name: string,
  style: BlockStyle,
  options: {
    readonly from: number
    readonly to: number
    readonly resize?: 'half' | 'double'
    readonly divisor?: number
  },
): TimedLayer<T> => {
  const { from, to, resize, divisor = 1 } = options
  const { algebra } = nn
  const scales = style.conditioning === 'scale_shift'

  const { activation } = style
  const norm1 = nn.groupNorm(`${name}.norm1`, from, { ...style.norm, activation })
  const conv1 = nn.conv(`${name}.conv1`, from, to)
  const project = nn.linear(`${name}.time_emb_proj`, style.time, scales ? 2 * to : to)
  // whose outcome is activated after it has been scaled and shifted, if it is
  const norm2 = nn.groupNorm(`${name}.norm2`, to, scales ? style.norm : { ...style.norm, activation })
  const conv2 = nn.conv(`${name}.conv2`, to, to)
  const shortcut: Layer<T> =
    from === to ? (x) => x : nn.conv(`${name}.conv_shortcut`, from, to, { kernel: 1 })
  const act = nn.activate(activation)
  const sized: Layer<T> =
    resize === 'half' ? algebra.averagePool : resize === 'double' ? algebra.upsample : (x) => x
  const divided = nn.dividedBy(divisor)

  const withTime: TimedLayer<T> = scales
    ? (h, temb) => {
        const [scale = temb, shift = temb] = algebra.split(project(temb), 2)
        return act(algebra.modulate(norm2(h), scale, shift))
      }
    : (h, temb) => norm2(algebra.addVector(h, project(temb)))

  return (x, temb) => {
    const h = conv1(sized(norm1(x)))
    const out = conv2(withTime(h, temb))
    return divided(algebra.add(shortcut(sized(x)), out))
  }
}

/**
 * Self-attention of every pixel to every pixel, added to the image.
 *
 * @param nn - the layers
 * @param name - the prefix of the weights' names
 * @param options - channels; width of a head (`null`: one head over all); the norm, or `undefined` for none; the divisor of the sum
 *
 * @example
 * ```ts
 * const asked: string[] = []
 * const nn = layers(shapes(() => undefined), (name, shape) => (asked.push(name), shape))
 * expect(attentionBlock(nn, 'a', { channels: 8, headDim: 4 })([1, 5, 5, 8])).toEqual([1, 5, 5, 8])
 * expect(asked.filter((name) => name.endsWith('.weight'))).toEqual(
 *   ['a.to_q.weight', 'a.to_k.weight', 'a.to_v.weight', 'a.to_out.0.weight'])
 * ```
 */
export const attentionBlock = <T>(
  nn: Layers<T>,
  name: string,
  options: {
    readonly channels: number
    readonly headDim: number | null
    readonly norm?: { readonly groups: number; readonly eps: number } | undefined
    readonly divisor?: number
  },
): Layer<T> => {
  const { channels, norm, divisor = 1 } = options
  const headDim = options.headDim ?? channels
  const heads = Math.floor(channels / headDim)
  // Narrower than the image where the heads don't use up all channels.
  const inner = heads * headDim
  const { algebra } = nn

  const normalise: Layer<T> =
    norm === undefined ? (x) => x : nn.groupNorm(`${name}.group_norm`, channels, norm)
  const toQ = nn.linear(`${name}.to_q`, channels, inner)
  const toK = nn.linear(`${name}.to_k`, channels, inner)
  const toV = nn.linear(`${name}.to_v`, channels, inner)
  const toOut = nn.linear(`${name}.to_out.0`, inner, channels)
  const divided = nn.dividedBy(divisor)

  return (image) => {
    const tokens = normalise(algebra.toTokens(image))
    const seen = algebra.attention(toQ(tokens), toK(tokens), toV(tokens), heads)
    return divided(algebra.add(algebra.toImage(toOut(seen), image), image))
  }
}
