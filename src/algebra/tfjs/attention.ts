/**
 * Attention on tensors: a kernel of our own on WebGPU, products of matrices elsewhere.
 */
import * as tf from '@tensorflow/tfjs-core'
import { registerGpuKernel } from './gpu-kernel.ts'
import { registerOwn } from './own-kernel.ts'

/** The heads apart, `[rows, heads, length, dim]`, and together again; where there is one head, they lie right already. */
const headed = ({ shape }: tf.Tensor, heads: number) => {
  const [rows = 1, length = 1, channels = 1] = shape
  const dim = channels / heads
  return {
    factor: 1 / Math.sqrt(dim),
    apart: (x: tf.Tensor): tf.Tensor =>
      heads === 1
        ? tf.reshape(x, [rows, 1, length, dim])
        : tf.transpose(tf.reshape(x, [rows, length, heads, dim]), [0, 2, 1, 3]),
    together: (x: tf.Tensor): tf.Tensor =>
      tf.reshape(heads === 1 ? x : tf.transpose(x, [0, 2, 1, 3]), [rows, length, channels]),
  }
}

const composed = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, heads: number): tf.Tensor =>
  tf.tidy(() => {
    const { factor, apart, together } = headed(q, heads)
    const logits = tf.matMul(tf.mul(apart(q), factor), apart(k), false, true)
    return together(tf.matMul(tf.softmax(logits), apart(v)))
  })

/** So many invocations share one query, and look at as many keys at a time. */
const WORKGROUP = 64

/**
 * One workgroup for each query of a head. It goes through the keys in tiles, and knows of all the tiles before only their largest
 * logit, the sum of their exponentials relative to that, and the values so far (Milakov and Gimelshein, "Online normalizer calculation
 * for softmax", arXiv:1805.02867, alg. 3), so that no matrix of logits is ever in memory.
 */
registerGpuKernel('Attention', ({ inputs, attributes, run }) => {
  const { shape } = inputs[0]!
  const [rows = 1, length = 1, channels = 1] = shape
  const heads = Number(attributes['heads'])
  const dim = channels / heads
  const own = Math.ceil(dim / WORKGROUP)
  return run(
    {
      key: String(dim),
      inputs: ['q', 'k', 'v'],
      uniforms: [
        { name: 'units', type: 'i32', value: rows * length * heads },
        { name: 'keys', type: 'i32', value: length },
        { name: 'heads', type: 'i32', value: heads },
        { name: 'channels', type: 'i32', value: channels },
        { name: 'factor', type: 'f32', value: 1 / Math.sqrt(dim) },
      ],
      invocations: rows * length * heads * WORKGROUP,
      workgroup: WORKGROUP,
      declarations: `
        const tile = ${String(WORKGROUP)};
        const dim = ${String(dim)};
        const own = ${String(own)};
        var<workgroup> query : array<f32, dim>;
        var<workgroup> weights : array<f32, tile>;`,
      body: `
        let lane = index % tile;
        // workgroups beyond do the last one's work again, and keep it to themselves
        let unit = min(index / tile, uniforms.units - 1);
        let head = unit % uniforms.heads;
        let token = unit / uniforms.heads;
        let first = token / uniforms.keys * uniforms.keys;
        let here = token * uniforms.channels + head * dim;
        for (var d = lane; d < dim; d += tile) { query[d] = q[here + d] * uniforms.factor; }
        workgroupBarrier();

        var seen : array<f32, own>;
        var top = -3.4e38;
        var total = 0.0;
        for (var start = 0; start < uniforms.keys; start += tile) {
          let there = (first + start + lane) * uniforms.channels + head * dim;
          var logit = -3.4e38;
          if (start + lane < uniforms.keys) {
            logit = 0.0;
            for (var d = 0; d < dim; d++) { logit += query[d] * k[there + d]; }
          }
          weights[lane] = logit;
          workgroupBarrier();
          let before = top;
          for (var j = 0; j < tile; j++) { top = max(top, weights[j]); }
          workgroupBarrier();
          weights[lane] = select(0.0, exp(logit - top), start + lane < uniforms.keys);
          workgroupBarrier();
          let fade = exp(before - top);
          total *= fade;
          for (var i = 0; i < own; i++) { seen[i] *= fade; }
          for (var j = 0; j < min(tile, uniforms.keys - start); j++) {
            total += weights[j];
            let other = (first + start + j) * uniforms.channels + head * dim + lane;
            for (var i = 0; i < own; i++) { seen[i] += weights[j] * v[other + i * tile]; }
          }
          workgroupBarrier();
        }
        if (index / tile >= uniforms.units) { return; }
        for (var i = 0; i < own; i++) {
          if (lane + i * tile < dim) { result[here + lane + i * tile] = seen[i] / total; }
        }`,
    },
    inputs,
    shape,
  )
})

const kernel = registerOwn({
  name: 'Attention',
  gradient: (dy, [q, k, v], { heads }) => {
    const { factor, apart, together } = headed(q!, Number(heads))
    const [queries, keys, values, slope] = [tf.mul(apart(q!), factor), apart(k!), apart(v!), apart(dy)]
    const weights = tf.softmax(tf.matMul(queries, keys, false, true))
    const met = tf.mul(weights, tf.matMul(slope, values, false, true))
    const logits = tf.sub(met, tf.mul(weights, tf.sum(met, -1, true)))
    return [
      () => together(tf.mul(tf.matMul(logits, keys), factor)),
      () => together(tf.matMul(logits, queries, true)),
      () => together(tf.matMul(weights, slope, true)),
    ]
  },
  kept: 3,
})

/**
 * `softmax(q·kᵀ/√d)·v` for each head (Vaswani et al., arXiv:1706.03762, eq. 1).
 *
 * @param q - `[rows, length, channels]`; head h has the channels `h·d … (h+1)·d − 1`
 * @param k - of the same shape
 * @param v - of the same shape
 * @param heads - how many
 * @returns a new tensor of that shape
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const [same, v] = [tf.ones([1, 2, 2]), tf.tensor3d([1, 2, 3, 4], [1, 2, 2])]
 * expect(attention(same, same, v, 1).dataSync()).toEqual(Float32Array.of(2, 3, 2, 3))
 * ```
 */
export const attention = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, heads: number): tf.Tensor =>
  kernel([q, k, v], { heads }) ?? composed(q, k, v, heads)
