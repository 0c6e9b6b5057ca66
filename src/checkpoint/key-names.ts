/**
 * The names of attention weights, which diffusers changed in 2023 (`_convert_deprecated_attention_blocks`).
 */

const current: Readonly<Record<string, string>> = {
  query: 'to_q',
  key: 'to_k',
  value: 'to_v',
  proj_attn: 'to_out.0',
}

const former = /(?<=(?:^|\.)attentions\.\d+\.)(?:query|key|value|proj_attn)(?=\.(?:weight|bias)$)/

/**
 * A tensor's name as diffusers gives it today.
 *
 * @example
 * ```ts
 * expect(currentName('mid_block.attentions.0.proj_attn.bias')).toBe('mid_block.attentions.0.to_out.0.bias')
 * expect(currentName('conv_in.weight')).toBe('conv_in.weight')
 * ```
 */
export const currentName = (name: string): string => name.replace(former, (part) => current[part] ?? part)
