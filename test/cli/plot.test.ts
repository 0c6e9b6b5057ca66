import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lastValueFrom, map, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvOf } from '../../src/cli/csv.ts'
import { plot, type PlotFlags } from '../../src/cli/plot.ts'
import { coefficientCurves, scheduleCurves, spacingCurves } from '../../src/cli/plot-curves.ts'
import { ddim, ddpm } from '../../src/diffusion/rule.ts'
import { cosineSchedule, linearSchedule, zeroTerminalSnr } from '../../src/diffusion/schedule.ts'
import { explicit, karras, trailing } from '../../src/diffusion/spacing.ts'
import { dpmpp2m, dpmpp3m, plms, unipc } from '../../src/diffusion/solver.ts'
import { transitions } from '../../src/diffusion/transition.ts'
import { gaussianMixture } from '../../src/model/gaussian-mixture.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { respace } from '../../src/stream/respace.ts'
import { orThrow } from '../../src/or-throw.ts'

let room: string
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-plot-'))
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

const run = async (what: string, kinds: readonly string[] = [], flags: PlotFlags = {}) => {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await plot(
    what,
    kinds,
    flags,
    (text) => out.push(text),
    (text) => err.push(text),
  )
  return { code, out: out.join(''), err: err.join('') }
}
const lines = (csv: string): readonly string[] => csv.trimEnd().split('\r\n')

describe('curves', () => {
  it('of schedules have what there is to know of a timestep', () => {
    const { points, x } = scheduleCurves([['cosine', cosineSchedule({ trainedSteps: 2 })]])
    const { alphaBars, betas } = cosineSchedule({ trainedSteps: 2 })
    expect(x.column).toBe('t')
    expect(points).toHaveLength(2)
    expect(points[1]).toEqual({
      schedule: 'cosine',
      t: 1,
      share: 1,
      beta: betas[1],
      alphaBar: alphaBars[1],
      sigma: Math.sqrt(1 / alphaBars[1]! - 1),
      logSnr: Math.log(alphaBars[1]! / (1 - alphaBars[1]!)),
    })
  })

  it('of schedules with different T lie over each other', () => {
    const long = linearSchedule({ trainedSteps: 20, scaling: '1000/T' })
    expect(
      scheduleCurves([
        ['a', linearSchedule()],
        ['b', long],
      ]).x.column,
    ).toBe('share')
  })

  it('of spacings go step by step, at real times too', () => {
    const levels = orThrow(karras(3).levels(linearSchedule()))
    const { points } = spacingCurves([
      ['karras', levels],
      ['mine', orThrow(explicit([9, 4]).levels(linearSchedule()))],
    ])
    expect(points.map(({ spacing, step, t }) => [spacing, step, t])).toEqual([
      ...levels.map(({ t }, k) => ['karras', k + 1, t]),
      ['mine', 1, 9],
      ['mine', 2, 4],
    ])
  })

  it('of coefficients are those of the steps, without a panel for what is never there', () => {
    const steps = orThrow(transitions(linearSchedule(), trailing(3)))
    const { points, panels } = coefficientCurves([['ddim', ddim()]], steps)
    expect(points).toEqual(
      steps.map((step, k) => ({
        rule: 'ddim',
        step: k + 1,
        from: step.from.t,
        to: step.to.t,
        ...ddim().step(step),
      })),
    )
    expect(panels.map(({ column }) => column)).toEqual(['x0', 'eps'])
    expect(coefficientCurves([['ddpm', ddpm()]], steps).panels.map(({ column }) => column)).toEqual([
      'xt',
      'x0',
      'z',
    ])
  })

  it.each([
    ['dpmpp-2m', dpmpp2m(), ['x0_1'], 0],
    ['dpmpp-3m', dpmpp3m(), ['x0_1', 'x0_2'], 0],
    ['unipc', unipc({ order: 3 }), ['x0_1', 'x0_2', 'x0_3'], 0],
    // its first step asks twice
    ['plms', plms(), ['eps_1', 'eps_2', 'eps_3'], 1],
  ] as const)(
    'of %s are what its chain adds up, of steps before as well',
    async (name, rule, columns, first) => {
      const model = gaussianMixture([
        { mean: -1, deviation: 0.5 },
        { mean: 2, deviation: 0.25 },
      ])
      const steps = orThrow(transitions(model.schedule, trailing(20)))
      const { points, panels } = coefficientCurves([[name, rule]], steps)
      expect(panels.map(({ column }) => column)).toEqual(expect.arrayContaining([...columns]))
      const frames = await lastValueFrom(
        respace(model.schedule, trailing(20)).pipe(
          denoise({ model, rule, noise: philox({ seed: 7 }), start: 0.7, clip: 'none' }),
          map(({ xt, x0, eps }) => ({ xt, x0, eps })),
          toArray(),
        ),
      )
      points.slice(first).forEach((point, i) => {
        const k = i + first
        const vectors: Readonly<Record<string, number>> = {
          xt: frames[k - 1]?.xt ?? 0.7,
          ...Object.fromEntries(
            [0, 1, 2, 3].flatMap((back) => {
              const { x0 = 0, eps = 0 } = frames[k - back] ?? {}
              const tag = back === 0 ? '' : `_${String(back)}`
              return [
                [`x0${tag}`, x0],
                [`eps${tag}`, eps],
              ]
            }),
          ),
        }
        const sum = Object.entries(vectors).reduce(
          (all, [at, value]) => all + Number(point[at] ?? 0) * value,
          0,
        )
        expect(sum).toBeCloseTo(frames[k]!.xt, 9)
      })
    },
  )

  it('become CSV that says a comma is none of its own', () => {
    const csv = csvOf(
      scheduleCurves([['a "b", c', zeroTerminalSnr(linearSchedule({ trainedSteps: 2 }))]]).points,
    )
    expect(lines(csv)[0]).toBe('schedule,t,share,beta,alphaBar,sigma,logSnr')
    expect(lines(csv)[2]).toBe('"a ""b"", c",1,1,1,0,Infinity,-Infinity')
  })
})

describe('plot', () => {
  it('prints the schedule of the default model, to the last digit', async () => {
    const { code, out } = await run('schedule')
    expect(code).toBe(0)
    expect(lines(out)).toHaveLength(1001)
    const [name, , , , alphaBar] = lines(out).at(-1)!.split(',')
    expect([name, Number(alphaBar)]).toEqual(['the model’s', linearSchedule().alphaBars[999]])
  })

  it('compares what it is told, settings and all', async () => {
    const { out } = await run('schedule', ['linear', 'cosine:trainedSteps=300', 'flow:trainedSteps=10'])
    expect(lines(out)).toHaveLength(1 + 1000 + 300 + 10)
    const spacings = await run('spacing', ['karras:rho=3', 'ddim20', 'explicit:9,4'], { steps: '5' })
    expect(lines(spacings.out)).toHaveLength(1 + 5 + 20 + 2)
    const rules = await run('coefficients', ['ddim:eta=0.5', 'lcm'], {
      schedule: 'cosine',
      spacing: 'karras',
      steps: '4',
      finalLevel: 'first',
    })
    expect(lines(rules.out)).toHaveLength(1 + 4 + 4)
    expect(lines(rules.out)[4]).toMatch(/^ddim:eta=0\.5,4,0,0,/)
  })

  it('says what coefficients can’t show of solvers, in words and in the picture', async () => {
    const output = [join(room, 'solvers.svg')]
    const { err } = await run('coefficients', ['ddim', 'dpmpp-2m', 'heun'], { output, steps: '5' })
    expect(err).toMatch(
      /^Where heun asks the network twice, x̂₀ and ε̂ are what its answers come to\. Of dpmpp-2m, what/,
    )
    const svg = readFileSync(output[0]!, 'utf8')
    expect(svg).toContain('Where heun asks')
    expect(svg).toContain('of x̂₀ one step before')
    expect((await run('coefficients', ['ddim', 'ddpm'])).err).toBe('')
  })

  it('refuses a number of steps that nobody asks for', async () => {
    expect(await run('spacing', ['10,10'], { steps: '5' })).toMatchObject({
      code: 2,
      err: '--steps says how many steps there are, and so does 10,10.\n',
    })
    expect((await run('spacing', ['10,10', 'trailing'], { steps: '5' })).code).toBe(0)
  })

  it('takes the schedule of a model of another kind from its manifest', async () => {
    writeFileSync(join(room, 'model.onnx'), '')
    writeFileSync(
      join(room, 'model.yaml'),
      'kind: onnx\nshape: [8, 8, 1]\nprediction: epsilon\nschedule: { kind: cosine, trainedSteps: 7 }',
    )
    const { out } = await run('schedule', [], { model: room })
    expect(lines(out)).toHaveLength(8)
    const alphaBarOf = (csv: string): number => Number(lines(csv)[4]!.split(',')[4])
    expect(alphaBarOf(out)).toBe(cosineSchedule({ trainedSteps: 7 }).alphaBars[3])

    // of data in [0, 1] the network sees half as much: it is sampled by another schedule
    writeFileSync(
      join(room, 'model.yaml'),
      'kind: onnx\nshape: [8, 8, 1]\nprediction: epsilon\nrange: [0, 1]\nschedule: { kind: cosine, trainedSteps: 7 }',
    )
    const ranged = alphaBarOf((await run('schedule', [], { model: room })).out)
    const own = alphaBarOf(out)
    expect(ranged / (1 - ranged)).toBeCloseTo(own / (1 - own) / 4, 12)
  })

  it('draws a panel for each quantity and a line for each curve, and writes the numbers besides', async () => {
    const output = [join(room, 'a.svg'), join(room, 'a.csv')]
    const { code, out, err } = await run('schedule', ['linear', 'cosine:zeroTerminalSnr=true'], { output })
    expect([code, out]).toEqual([0, ''])
    expect(lines(err.replaceAll('\n', '\r\n')).map((line) => line.replace(/ \(\d+ bytes\)$/, ''))).toEqual(
      output.map((path) => `wrote ${path}`),
    )
    const svg = readFileSync(output[0]!, 'utf8')
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    expect(svg.match(/aria-roledescription="line mark"/g)).toHaveLength(3 * 2)
    for (const words of ['linear', 'cosine:zeroTerminalSnr=true', 'log-SNR']) expect(svg).toContain(words)
    expect(svg).not.toMatch(/NaN|undefined/)
    expect(lines(readFileSync(output[1]!, 'utf8'))).toHaveLength(2001)
  })

  it.each<readonly [args: Parameters<typeof run>, sentence: string]>([
    [
      ['spacings'],
      'plot takes one of schedule, spacing, coefficients, not spacings; the nearest is spacing.',
    ],
    [
      ['schedule', ['cosin']],
      'plot schedule takes one of const, cosine, exp, jsd, laplace, linear, scaled-linear, sigmoid, sigmoid-alpha-bar, flow, not cosin; the nearest is cosine.',
    ],
    [
      ['schedule', ['cosine:trainedSteps=0']],
      'plot schedule cosine: trainedSteps is 0, not a whole number from 1 to 1000000.',
    ],
    [['schedule', ['const:beta=1']], 'The schedule is not usable: ᾱ does not fall at t = 1: 0 follows 0.'],
    [
      ['spacing', ['trailing'], { steps: '2000' }],
      '2000 steps were asked for, but the schedule has only 1000 timesteps.',
    ],
    [['spacing', ['ddim37']], /^The spacing respacing\(ddim37\) is not usable/.source],
    [['coefficients', ['ddim:eta=2']], '--sampler ddim: eta is 2, not a number from 0 to 1.'],
    [
      ['schedule', [], { output: ['x.png'] }],
      '-o takes files that end in .svg or .csv, or - for numbers, not x.png.',
    ],
    [
      ['schedule', [], { output: ['/dev/null/x.svg'] }],
      "/dev/null/x.svg can't be written: its directory is a file.",
    ],
    [['schedule', [], { schedule: 'linear', model: 'm' }], '--schedule and --model both name a schedule.'],
    [['schedule', [], { model: 'nowhere' }], "nowhere can't be read: it does not exist."],
  ])('refuses %j', async (args, sentence) => {
    const { code, out, err } = await run(...args)
    expect([code, out]).toEqual([2, ''])
    if (sentence.startsWith('^')) expect(err).toMatch(new RegExp(sentence))
    else expect(err).toBe(`${sentence}\n`)
  })

  it('writes nothing where one of the files can’t be written', async () => {
    const before = readdirSync(room)
    const { code } = await run('schedule', [], { output: [join(room, 'fine.csv'), '/dev/null/x.csv'] })
    expect(code).toBe(2)
    expect(readdirSync(room)).toEqual(before)
  })
})
