/** Lines over the steps of a run, as SVG whose colours are the page's. */
import { escaped } from './html.ts'

/** A line. */
export interface Series {
  readonly name: string
  /** One for each step; what is not finite is a gap. */
  readonly values: readonly number[]
}

const size = { width: 720, height: 240 }
const plot = { left: 48, top: 12, right: 708, bottom: 204 }

/** About five round numbers, the first no more than the least and the last no less than the most. */
const ticksOf = (least: number, most: number): readonly [number, ...number[]] => {
  const rough = (most - least) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 2.5, 5, 10].find((round) => round * power >= rough) ?? 10)
  const tick = (i: number): number => Number((i * step).toPrecision(12))
  const first = Math.floor(least / step + 1e-9)
  const rest = Math.ceil(most / step - 1e-9) - first
  return [tick(first), ...Array.from({ length: rest }, (_, i) => tick(first + 1 + i))]
}

/** The runs of finite numbers. */
const stretches = (
  values: readonly number[],
): ReadonlyArray<ReadonlyArray<readonly [at: number, value: number]>> =>
  values.reduce<Array<Array<readonly [number, number]>>>(
    (runs, value, at) => {
      if (Number.isFinite(value)) runs.at(-1)!.push([at, value])
      else runs.push([])
      return runs
    },
    [[]],
  )

/** Where a step lies across, in the chart's units; the only one in the middle. */
export const acrossOf = (step: number, count: number): number =>
  plot.left + (plot.right - plot.left) * (count === 1 ? 0.5 : step / (count - 1))

/**
 * A chart with a legend, to be read aloud as its title says.
 *
 * @param title - what it shows
 * @param series - at most six lines, each with its own colour and dashes
 * @param count - of the steps
 */
export const lineChart = (title: string, series: readonly Series[], count: number): string => {
  const finite = series.flatMap(({ values }) => values.filter(Number.isFinite))
  const [low, high] = [Math.min(0, ...finite), Math.max(...finite, Number.MIN_VALUE)]
  const ticks = ticksOf(low, high - low < 1e-9 ? low + 1 : high)
  const [least, most] = [ticks[0], ticks.at(-1)!]
  const across = (step: number): string => acrossOf(step, count).toFixed(1)
  const up = (value: number): string =>
    (plot.bottom - ((plot.bottom - plot.top) * (value - least)) / (most - least)).toFixed(1)

  const rows = ticks.map(
    (tick) =>
      `<line class="rule" x1="${String(plot.left)}" x2="${String(plot.right)}" y1="${up(tick)}" y2="${up(tick)}"/>` +
      `<text x="${String(plot.left - 8)}" y="${up(tick)}" dy="0.32em" text-anchor="end">${String(tick)}</text>`,
  )
  const columns = [...new Set([0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * (count - 1))))].map(
    (step) =>
      `<text x="${across(step)}" y="${String(plot.bottom + 18)}" text-anchor="middle">${String(step + 1)}</text>`,
  )
  const lines = series.map(({ values }, i) =>
    stretches(values)
      .filter((stretch) => stretch.length > 0)
      .map(([[at, value] = [0, 0], ...rest]) =>
        // a line of one point would not be seen; rings of several sizes are, where they coincide
        rest.length === 0
          ? `<circle class="dot s${String(i)}" cx="${across(at)}" cy="${up(value)}" r="${String(3 + 3 * i)}"/>`
          : `<polyline class="line s${String(i)}" points="${[[at, value] as const, ...rest].map(([x, y]) => `${across(x)},${up(y)}`).join(' ')}"/>`,
      )
      .join(''),
  )
  const legend = series.map(
    ({ name }, i) =>
      `<li><svg class="key" viewBox="0 0 28 8" aria-hidden="true"><line class="line s${String(i)}" x1="0" x2="28" y1="4" y2="4"/></svg>${escaped(name)}</li>`,
  )
  return [
    `<figure class="chart"><svg viewBox="0 0 ${String(size.width)} ${String(size.height)}" role="img" aria-label="${escaped(title)}">`,
    ...rows,
    ...columns,
    `<text x="${String(plot.right)}" y="${String(size.height - 2)}" text-anchor="end">step</text>`,
    `<line class="cursor" x1="${String(plot.right)}" x2="${String(plot.right)}" y1="${String(plot.top)}" y2="${String(plot.bottom)}"/>`,
    ...lines,
    `</svg><figcaption>${escaped(title)}<ul class="legend">${legend.join('')}</ul></figcaption></figure>`,
  ].join('')
}
