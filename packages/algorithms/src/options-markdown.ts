import type { OptionTable } from '@reprise/core'

/** An option table as a Markdown table: name, default, legal values, what it does, other names. For pages and help. */
export function optionsMarkdown(table: OptionTable): string {
  const rows = Object.entries(table).map(([name, { default: value, range, doc, aliases }]) => {
    const also = aliases.length > 0 ? ` Also: ${aliases.map((alias) => `\`${alias}\``).join(', ')}.` : ''
    return `| \`${name}\` | ${show(value)} | ${cell(range)} | ${cell(doc)}${also} |`
  })
  return ['| option | default | values | what it does |', '|---|---|---|---|', ...rows].join('\n')
}

function show(value: unknown): string {
  if (value === null) return 'none'
  return typeof value === 'object' ? `\`${JSON.stringify(value)}\`` : String(value)
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
