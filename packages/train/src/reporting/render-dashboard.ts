/** The dashboard's picture as a pure function: state and width in, lines out. */
import {
  formatCount,
  formatDuration,
  formatMetric,
  formatRate,
  formatReward,
  plainLine,
  sparkline,
  truncate,
} from './format.ts'
import { fractionDone, type Progress, secondsLeft, stepsPerSecond } from './progress.ts'
import type { EvaluationRow } from './reporter.ts'

export type Style = 'bold' | 'dim' | 'blue' | 'magenta' | 'yellow' | 'green' | 'cyan'
/** Wraps a text in a terminal style; the identity gives plain text. */
export type Paint = (style: Style, text: string) => string

/** A line before painting: pieces with or without a style. */
type Span = string | readonly [Style, string]

const MAX_WIDTH = 100
/** Below this width there is no frame and labels stand close. */
const NARROW = 64

const SHARES = [
  ['env', '█', 'blue'],
  ['policy', '▓', 'magenta'],
  ['learn', '▒', 'yellow'],
  ['other', '░', 'dim'],
] as const

/** Train metrics in the order of interest; others follow as they come. */
const TRAIN_METRICS = [
  'policy_gradient_loss',
  'policy_loss',
  'value_loss',
  'entropy',
  'approx_kl',
  'clip_fraction',
  'explained_variance',
  'loss',
  'learning_rate',
]
const MAX_TRAIN_METRICS = 8

/**
 * The lines of the panel, none longer than `width` characters (styles aside). From 64 columns on it has a frame and
 * fills the width up to 100.
 */
export function renderDashboard(progress: Progress, width: number, paint: Paint = (_, text) => text): string[] {
  const framed = width >= NARROW
  const outer = Math.min(width, MAX_WIDTH)
  const inner = framed ? outer - 4 : Math.max(outer, 1)
  const { info, notice } = progress
  const name = truncate(plainLine(info.name), inner - 4)

  const lines: Span[][] = []
  if (!framed) lines.push([['bold', name]])
  lines.push([[info.algo, info.env, info.executor, `seed ${info.seed}`].map(plainLine).join(' · ')])
  lines.push(bar(progress, inner))
  lines.push(pace(progress, inner))
  const body = [
    ...timeSplit(progress, inner),
    ...returns(progress, inner),
    ...evaluations(progress, inner),
    ...trainMetrics(progress, inner),
    ...memory(progress, inner),
  ]
  if (framed && body.length > 0) lines.push([])
  lines.push(...body)
  if (notice) lines.push([['dim', truncate(plainLine(notice), inner)]])

  const fitted = lines.map((line) => fit(line, inner, framed, paint))
  if (!framed) return fitted
  const edge = (text: string) => paint('dim', text)
  return [
    `${edge('╭─')} ${paint('bold', name)} ${edge(`${'─'.repeat(Math.max(0, outer - [...name].length - 5))}╮`)}`,
    ...fitted.map((line) => `${edge('│')} ${line} ${edge('│')}`),
    edge(`╰${'─'.repeat(outer - 2)}╯`),
  ]
}

function bar(progress: Progress, width: number): Span[] {
  const done = fractionDone(progress)
  const percent = `${Math.floor(done * 100)}%`
  const counts = `${formatCount(progress.step)} / ${formatCount(progress.info.totalSteps)}`
  const room = width - percent.length - counts.length - 4
  if (room < 8) return [`${percent}  ${counts}`]
  const full = Math.floor(room * done)
  return [['green', '━'.repeat(full)], ['dim', '─'.repeat(room - full)], `  ${percent}  ${counts}`]
}

function pace(progress: Progress, width: number): Span[] {
  const rate = `${formatRate(stepsPerSecond(progress))} steps/s`
  const eta = `ETA ${formatDuration(secondsLeft(progress))}`
  const elapsed = `elapsed ${formatDuration(progress.elapsed)}`
  const parts = width < 44 ? [rate, eta] : [rate, elapsed, eta]
  return [parts.join(' · ')]
}

const LABEL = 9

/** A row with a label in front; the label is dropped where there is no room for it. */
function row(label: string, spans: Span[], width: number): Span[] {
  return width < 40 ? spans : [['dim', label.padEnd(LABEL)], ...spans]
}

function room(width: number): number {
  return width < 40 ? width : width - LABEL
}

function timeSplit({ metrics }: Progress, width: number): Span[][] {
  const shares = SHARES.map(([name, block, style]) => ({
    name,
    block,
    style,
    share: metrics[`time/${name}_share`] ?? 0,
  }))
  const total = shares.reduce((sum, { share }) => sum + share, 0)
  if (!(total > 0)) return []
  const percent = (share: number) => `${Math.round((share / total) * 100)}%`
  if (width < NARROW - 4) {
    return [row('time', [shares.map(({ name, share }) => `${name} ${percent(share)}`).join('  ')], width)]
  }
  const legend = shares.flatMap(({ name, block, style, share }, index): Span[] => [
    index > 0 ? '  ' : '',
    [style, block],
    ` ${name} ${percent(share)}`,
  ])
  const cells = room(width)
  let at = 0
  let sum = 0
  const stack = shares.map(({ block, style, share }): Span => {
    sum += share
    const end = Math.round((sum / total) * cells)
    const piece: Span = [style, block.repeat(Math.max(0, end - at))]
    at = Math.max(at, end)
    return piece
  })
  return [row('time', stack, width), row('', legend, width)]
}

function returns({ metrics, returns: history }: Progress, width: number): Span[][] {
  const mean = metrics['rollout/ep_rew_mean']
  if (mean === undefined || !Number.isFinite(mean)) return []
  const text = `${formatReward(mean)} episode mean`
  const spark = sparkline(history, Math.min(40, room(width) - text.length - 2))
  return [row('return', spark ? [['cyan', spark], `  ${text}`] : [text], width)]
}

function evaluations({ evaluation, best }: Progress, width: number): Span[][] {
  if (!evaluation) return []
  const show = (e: EvaluationRow) => `${formatReward(e.mean_reward)} ± ${formatReward(e.std_reward)}`
  const last = `${show(evaluation)} at ${formatCount(evaluation.step)}`
  if (!best || best === evaluation)
    return [
      row(
        'eval',
        [
          ['bold', last],
          ['green', '  best so far'],
        ],
        width,
      ),
    ]
  return [row('eval', [['bold', last], `  best ${formatReward(best.mean_reward)} at ${formatCount(best.step)}`], width)]
}

function trainMetrics({ metrics }: Progress, width: number): Span[][] {
  const names = Object.keys(metrics)
    .filter((key) => key.startsWith('train/'))
    .map((key) => key.slice('train/'.length))
  const chosen = [
    ...TRAIN_METRICS.filter((name) => names.includes(name)),
    ...names.filter((name) => !TRAIN_METRICS.includes(name)),
  ].slice(0, width < NARROW - 4 ? MAX_TRAIN_METRICS / 2 : MAX_TRAIN_METRICS)
  // Values have a fixed width, so that nothing jumps about while they change.
  const cells = chosen.map((name) => `${name} ${formatMetric(metrics[`train/${name}`]!).padEnd(8)}`)
  const lines: string[] = []
  for (const cell of cells) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 2 + cell.trimEnd().length <= room(width))
      lines[lines.length - 1] = `${last}  ${cell}`
    else lines.push(cell)
  }
  return lines.map((line, index) => row(index === 0 ? 'train' : '', [line.trimEnd()], width))
}

function memory({ metrics }: Progress, width: number): Span[][] {
  const rss = metrics['memory/rss_mb']
  const tensors = metrics['memory/tensors']
  const parts = []
  if (rss !== undefined) parts.push(`${formatCount(rss)} MB resident`)
  if (tensors !== undefined) parts.push(`${formatCount(tensors)} tensors`)
  return parts.length > 0 ? [row('memory', [parts.join(' · ')], width)] : []
}

/** Cuts a line to `width` characters, pads it where `pad`, and paints its pieces. */
function fit(line: readonly Span[], width: number, pad: boolean, paint: Paint): string {
  const total = line.reduce((sum, span) => sum + length(span), 0)
  let left = width
  let out = ''
  for (const span of line) {
    const text = typeof span === 'string' ? span : span[1]
    // The ellipsis belongs to the piece that crosses the edge.
    const piece = total > width && length(span) >= left ? truncate(`${text}…`, left) : text
    if (piece !== '') out += typeof span === 'string' ? piece : paint(span[0], piece)
    left -= [...piece].length
    if (left <= 0) break
  }
  return pad ? out + ' '.repeat(Math.max(0, left)) : out
}

function length(span: Span): number {
  return [...(typeof span === 'string' ? span : span[1])].length
}
