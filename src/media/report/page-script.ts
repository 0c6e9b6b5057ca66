/** What a report does in a browser: the slider, the strip and the charts show the same step. */

/** Runs in the page: it may use nothing from outside of itself, since its text goes there. */
const inThePage = (): void => {
  const one = (selector: string): Element => document.querySelector(selector)!
  const slider = one('#step') as HTMLInputElement
  const said = one('#said')
  const play = one('#play')
  const strip = one('.strip')
  const steps = [...document.querySelectorAll<HTMLButtonElement>('.strip button')]
  const stage = [...document.querySelectorAll<HTMLImageElement>('.stage img')]
  const cursors = [...document.querySelectorAll<SVGLineElement>('.cursor')]

  const show = (at: number): void => {
    const step = steps[at]!
    const words = step.dataset['words']!
    slider.value = String(at)
    slider.setAttribute('aria-valuetext', words)
    said.textContent = words
    ;[...step.querySelectorAll('img')].forEach((image, i) => {
      stage[i]!.src = image.src
      stage[i]!.alt = `${stage[i]!.dataset['what']!} ${words}`
    })
    steps.forEach((each) => {
      if (each === step) each.setAttribute('aria-current', 'step')
      else each.removeAttribute('aria-current')
    })
    // only the strip is moved: the page stays where somebody reads it
    const [here, there] = [step.getBoundingClientRect(), strip.getBoundingClientRect()]
    strip.scrollLeft += here.left + here.width / 2 - there.left - there.width / 2
    cursors.forEach((cursor) => {
      cursor.setAttribute('x1', step.dataset['across']!)
      cursor.setAttribute('x2', step.dataset['across']!)
    })
  }

  let playing: ReturnType<typeof setInterval> | undefined
  const stop = (): void => {
    clearInterval(playing)
    playing = undefined
    play.textContent = 'Play'
  }
  slider.addEventListener('input', () => {
    stop()
    show(Number(slider.value))
  })
  steps.forEach((step, at) => {
    step.addEventListener('click', () => {
      stop()
      show(at)
    })
  })
  play.addEventListener('click', () => {
    if (playing !== undefined) {
      stop()
      return
    }
    play.textContent = 'Stop'
    let at = Number(slider.value) === steps.length - 1 ? -1 : Number(slider.value)
    playing = setInterval(() => {
      at += 1
      show(at)
      if (at === steps.length - 1) stop()
    }, 120)
  })
  addEventListener('beforeprint', () => {
    document.querySelectorAll('details').forEach((details) => {
      details.open = true
    })
  })
  show(steps.length - 1)
}

/** The script of the page. */
export const pageScript: string = ['(', String(inThePage), ')()'].join('')
