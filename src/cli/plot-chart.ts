/**
 * Curves as an SVG: a panel for each quantity, a colour for each curve, legible on light ground and on dark.
 */
import * as vega from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { Curves, Panel, Point } from './plot-curves.ts'

const size = { width: 360, height: 220 }

/** Neither black nor white: what is neither can be seen on both. */
const ink = '#808080'
const faint = '#80808040'
const colours = ['#3b82d6', '#e07b1a', '#2ca36b', '#d14b5a', '#9b6bd3', '#a8873f', '#2fa5ad', '#d467a8']
/** Where curves coincide, the gaps of those on top show those below. */
const dashes = [[], [7, 4], [2, 3], [11, 3, 2, 3], [14, 6], [4, 2], [1, 4], [9, 3, 3, 3]]

/** More points of a curve than this nobody sees. */
const MOST_POINTS = 400

/** Every so many points of each curve, and its last; what is infinite is left out. */
const drawn = ({ by, points }: Curves, names: readonly string[]): ReadonlyArray<Record<string, unknown>> =>
  names.flatMap((name) => {
    const curve = points.filter((point) => point[by] === name)
    const stride = Math.ceil(curve.length / MOST_POINTS)
    return curve.filter((_, i) => i % stride === 0 || i === curve.length - 1).map(finite)
  })

const finite = (point: Point): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(point).map(([key, value]) => [
      key,
      typeof value === 'number' && !Number.isFinite(value) ? null : value,
    ]),
  )

/** One of a few for each name, over and over. */
const inTurn = (names: readonly string[], few: readonly unknown[]): object => ({
  domain: names,
  range: names.map((_, i) => few[i % few.length]),
})

/** Where a logarithmic axis has its ticks: at powers of ten. */
const powers = (points: readonly Point[], column: string): readonly number[] => {
  const logs = points.map((point) => Math.log10(Number(point[column]))).filter(Number.isFinite)
  const [least, most] = [logs.reduce((a, b) => Math.min(a, b), 0), logs.reduce((a, b) => Math.max(a, b), 0)]
  return Array.from(
    { length: Math.ceil(most) - Math.floor(least) + 1 },
    (_, i) => 10 ** (Math.floor(least) + i),
  )
}

/** As many letters as have room above two panels. */
const WIDTH = 110
const wrapped = (text: string): readonly string[] =>
  text.split(' ').reduce<readonly string[]>((lines, word) => {
    const line = lines.at(-1)
    return line === undefined || line.length + word.length >= WIDTH
      ? [...lines, word]
      : [...lines.slice(0, -1), `${line} ${word}`]
  }, [])

/** The chart as a specification of Vega-Lite. */
export const chartOf = (curves: Curves): TopLevelSpec => {
  const { by, x, panels, dotted } = curves
  const names = [...new Set(curves.points.map((point) => String(point[by])))]
  const panel = ({ column, title, logarithmic = false }: Panel): object => ({
    title,
    ...size,
    mark: { type: 'line', strokeWidth: 1.5, ...(dotted && { point: { size: 22 } }) },
    encoding: {
      x: { field: x.column, type: 'quantitative', title: x.title, scale: { nice: false } },
      y: {
        field: column,
        type: 'quantitative',
        title: null,
        scale: logarithmic ? { type: 'log' } : { zero: false },
        axis: logarithmic ? { format: '.0e', values: powers(curves.points, column) } : {},
      },
      color: {
        field: by,
        type: 'nominal',
        sort: null,
        scale: inTurn(names, colours),
        legend:
          names.length === 1
            ? null
            : { title: null, orient: 'top', symbolType: 'stroke', symbolSize: 500, columns: 3 },
      },
      strokeDash: { field: by, type: 'nominal', sort: null, scale: inTurn(names, dashes) },
      // a curve goes as its points come, whatever x does
      order: { field: x.column, type: 'quantitative' },
    },
  })
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...(curves.note !== undefined && { title: { text: wrapped(curves.note), fontSize: 11, offset: 14 } }),
    data: { values: drawn(curves, names) },
    columns: 2,
    spacing: 28,
    concat: panels.map(panel),
    background: 'transparent',
    padding: 12,
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: faint },
      title: { color: ink, fontSize: 13, fontWeight: 'normal', anchor: 'start' },
      axis: {
        labelColor: ink,
        titleColor: ink,
        titleFontWeight: 'normal',
        gridColor: faint,
        domainColor: ink,
        tickColor: ink,
      },
      legend: { labelColor: ink, labelFontSize: 12, labelLimit: 400, symbolStrokeWidth: 2 },
    },
  } as TopLevelSpec
}

/** Draws the chart. */
export const toSvg = (curves: Curves): Promise<string> =>
  new vega.View(vega.parse(compile(chartOf(curves)).spec), { renderer: 'none' }).toSVG()
