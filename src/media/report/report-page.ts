/** A page about a run: what it was told, what it made, and how it came to that, in one file that needs no other. */
import type { Transition } from '../../diffusion/transition.ts'
import type { LinearForm } from '../../diffusion/linear-form.ts'
import { evenSteps } from '../picture/film-strip.ts'
import { stepHeading } from '../picture/film.ts'
import { type Provenance, provenanceKey } from '../output/provenance.ts'
import { escaped, jsonInScript } from './html.ts'
import { acrossOf, lineChart, type Series } from './line-chart.ts'
import { pageScript } from './page-script.ts'
import { pageStyle } from './page-style.ts'

/** A step in numbers. */
export interface ReportStep {
  readonly transition: Transition
  /** How the rule made x of x_t, x̂₀, ε̂ and fresh noise; nothing where nobody says. */
  readonly form?: LinearForm | undefined
  /** The root mean square of all values of all samples. */
  readonly rms: { readonly xt: number; readonly x0: number; readonly eps: number }
  readonly milliseconds: number
}

/** A step in pictures, as addresses for `<img>`. */
export interface ReportPicture {
  readonly transition: Transition
  readonly xt: string
  readonly x0: string
}

/** What a report tells. */
export interface Report {
  readonly provenance: Provenance
  /** When the run began, in ISO 8601. */
  readonly begun: string
  readonly seconds: number
  /** The finished images; of a run that was cut short its last x̂₀. */
  readonly samples: ReadonlyArray<{ readonly image: string; readonly caption: string }>
  /** Every step there was. */
  readonly steps: readonly ReportStep[]
  /** Some of them, to look at; the last is among them. */
  readonly pictures: readonly ReportPicture[]
}

const few = (value: number): string =>
  Number.isFinite(value) ? Number(value.toPrecision(4)).toString() : '–'

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

const shown = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : Array.isArray(value)
      ? value.map(shown).join(', ')
      : JSON.stringify(value)

const facts = ({ provenance, begun, seconds, steps }: Report): string =>
  [
    ...Object.entries(provenance.settings).map(([name, value]) => [name, shown(value)] as const),
    ['begun', begun] as const,
    [
      'time',
      `${seconds.toFixed(1)} s, median ${few(median(steps.map(({ milliseconds }) => milliseconds)))} ms a step`,
    ] as const,
    ['version', `rxdiffusion ${provenance.version}`] as const,
  ]
    .map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`)
    .join('')

const coefficients = (steps: readonly ReportStep[]): readonly Series[] => {
  const of = (pick: (form: LinearForm) => number): readonly number[] =>
    steps.map(({ form }) => (form === undefined ? NaN : pick(form)))
  const terms: readonly Series[] = [
    { name: 'on x̂₀', values: of(({ x0 }) => x0) },
    { name: 'on ε̂', values: of(({ eps }) => eps) },
    { name: 'on xₜ', values: of(({ xt }) => xt) },
    { name: 'on fresh noise z', values: of(({ z }) => z) },
  ].filter(({ values }) => values.some((value) => Number.isFinite(value) && value !== 0))
  const level = (root: (alphaBar: number) => number): readonly number[] =>
    steps.map(({ transition: { to } }) => Math.sqrt(root(to.alphaBar)))
  return terms.length > 0
    ? terms
    : [
        { name: '√ᾱ after the step', values: level((alphaBar) => alphaBar) },
        { name: '√(1 − ᾱ) after the step', values: level((alphaBar) => 1 - alphaBar) },
      ]
}

const norms = (steps: readonly ReportStep[]): readonly Series[] => [
  { name: 'xₜ', values: steps.map(({ rms }) => rms.xt) },
  { name: 'x̂₀', values: steps.map(({ rms }) => rms.x0) },
  { name: 'ε̂', values: steps.map(({ rms }) => rms.eps) },
]

const columns = ['step', 't', 'ᾱ', 'on x̂₀', 'on ε̂', 'on xₜ', 'on z', 'xₜ', 'x̂₀', 'ε̂', 'ms'] as const

const table = (steps: readonly ReportStep[]): string => {
  const rows = steps.map(({ transition: { index, to }, form, rms, milliseconds }) =>
    [to.t, to.alphaBar, form?.x0, form?.eps, form?.xt, form?.z, rms.xt, rms.x0, rms.eps, milliseconds]
      .map((value) => `<td>${few(value ?? NaN)}</td>`)
      .join('')
      .replace(/^/, `<tr><th scope="row">${String(index + 1)}</th>`)
      .concat('</tr>'),
  )
  return `<details><summary>All numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="All numbers"><table>
<thead><tr>${columns.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></details>`
}

const strip = (pictures: readonly ReportPicture[]): string => {
  const keys = new Set(evenSteps(pictures.length, 9))
  return pictures
    .map(({ transition, xt, x0 }, i) => {
      const words = escaped(stepHeading(transition))
      const across = acrossOf(transition.index, transition.count).toFixed(1)
      return `<li${keys.has(i) ? '' : ' class="between"'}><button type="button" data-words="${words}" data-across="${across}" aria-label="${words}"><img src="${xt}" alt=""><img src="${x0}" alt=""><span>${String(transition.index + 1)}</span></button></li>`
    })
    .join('\n')
}

const figureOf = (what: string, caption: string): string =>
  `<figure><img data-what="${what}" alt=""><figcaption>${caption}</figcaption></figure>`

const quotedForShell = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`

/**
 * A page about a run.
 *
 * @param report - what it tells
 * @returns HTML that needs no other file
 */
export const reportPage = (report: Report): string => {
  const { provenance, samples, steps, pictures } = report
  const count = steps[0]?.transition.count ?? 1
  // a run that was cut short leaves the rest of the charts empty
  const whole = ({ name, values }: Series): Series => ({
    name,
    values: Array.from({ length: count }, (_, i) => {
      const at = steps.findIndex(({ transition }) => transition.index === i)
      return values[at] ?? NaN
    }),
  })
  const command = ['rxdiffusion', ...provenance.command, '-o', 'report.html'].map(quotedForShell).join(' ')
  const last = steps.at(-1)?.transition
  const done = last === undefined ? count : last.index + 1
  // of a run that was gone on with, the first steps are elsewhere
  const cut =
    done === count
      ? ''
      : ` <strong>It was ${provenance.interrupted === undefined ? 'cut short' : 'interrupted'} after ${String(done)} of ${String(count)} steps.</strong> The samples are its last x̂₀.`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(provenance.recipe)}</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
</head>
<body>
<main>
<h1>${escaped(provenance.recipe)}</h1>
<p class="faint">${String(samples.length)} sample${samples.length === 1 ? '' : 's'}, ${String(steps.length)} step${steps.length === 1 ? '' : 's'}, ${report.seconds.toFixed(1)} s.${cut}</p>

<h2 id="samples">Samples</h2>
<div class="samples">
${samples.map(({ image, caption }) => `<figure><img src="${image}" alt="${escaped(caption)}"><figcaption>${escaped(caption)}</figcaption></figure>`).join('\n')}
</div>

<h2 id="steps">Step by step</h2>
<div class="controls">
<label for="step">Step</label>
<input id="step" type="range" min="0" max="${String(Math.max(0, pictures.length - 1))}" step="1" value="${String(Math.max(0, pictures.length - 1))}">
<output id="said" for="step"></output>
<button id="play" type="button">Play</button>
</div>
<div class="stage">
${figureOf('x_t after', 'x<sub>t</sub>, divided by how far it reaches')}
${figureOf('predicted x₀ at', 'x̂₀, as the network saw it')}
</div>
<ol class="strip">
${strip(pictures)}
</ol>
<noscript><p>Without JavaScript the slider does not move; the strip shows the steps.</p></noscript>

<h2 id="coefficients">Coefficients</h2>
${lineChart('What the step adds up to the next x, by weight', coefficients(steps).map(whole), count)}

<h2 id="norms">Norms</h2>
${lineChart('Root mean square of x after the step, of x̂₀ and of ε̂', norms(steps).map(whole), count)}
${table(steps)}

<h2 id="settings">Settings</h2>
<dl>${facts(report)}</dl>
<h2 id="again">Make it again</h2>
<pre>${escaped(command)}</pre>
</main>
<script type="application/json" id="${provenanceKey}">${jsonInScript(provenance)}</script>
<script>${pageScript}</script>
</body>
</html>
`
}
