/** Aligned columns of text. Numbers stand at the right. */

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  const right = head.map((_, i) => rows.length > 0 && rows.every((row) => /^-?[\d.]*$|^-$/.test(row[i]!)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
}

/** `term  explanation` lines; explanations are wrapped and hang. */
export function definitions(entries: readonly (readonly [string, string])[], indent = '  ', width = 110): string[] {
  const column = Math.min(34, Math.max(0, ...entries.map(([term]) => term.length)))
  return entries.flatMap(([term, text]) => {
    const lines = wrap(text, width - indent.length - column - 2)
    const hang = `${indent}${' '.repeat(column)}  `
    if (term.length > column) return [`${indent}${term}`, ...lines.map((line) => hang + line)]
    return lines.map((line, i) => (i === 0 ? `${indent}${term.padEnd(column)}  ${line}` : hang + line).trimEnd())
  })
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
