/** Finds what a source file imports: static and type imports, export-from, import(), require(). */

export interface ImportStatement {
  readonly specifier: string
  /** 1-based. */
  readonly line: number
}

/** Comments, template texts and regular expressions are blanked, so that code quoted in them does not count. */
export function importsOf(source: string): ImportStatement[] {
  const { code, strings } = blank(source)
  const patterns = [
    /\b(?:import|export)\b[^"';()]*?\bfrom\s*"(\d+)"/g,
    /\bimport\s*"(\d+)"/g,
    // A method of that name (module.import(...)) is none.
    /(?<![.\w])import\s*\(\s*"(\d+)"/g,
    /(?<![.\w])require\s*\(\s*"(\d+)"/g,
  ]
  const found: ImportStatement[] = []
  for (const pattern of patterns) {
    for (const match of code.matchAll(pattern)) {
      const end = match.index + match[0].length
      found.push({ specifier: strings[Number(match[1])]!, line: code.slice(0, end).split('\n').length })
    }
  }
  return found.sort((a, b) => a.line - b.line)
}

/** The code with every string literal replaced by its number in `strings`. Line breaks stay. */
function blank(source: string): { code: string; strings: string[] } {
  const strings: string[] = []
  let code = ''
  let at = 0
  /** Depth of braces for each `${` that is open. */
  const templates: number[] = []
  const breaks = (text: string) => text.replace(/[^\n]/g, '')
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0]
  }
  while (at < source.length) {
    const c = source[at]!
    let text = take(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y)
    if (text?.startsWith('/')) {
      code += breaks(text) || ' '
    } else if (text !== undefined) {
      code += `"${strings.length}"`
      strings.push(text.slice(1, -1))
    } else if (c === '`' || (c === '}' && templates.at(-1) === 0)) {
      if (c === '}') templates.pop()
      at++
      text = take(/(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/y) ?? ''
      code += ` ${breaks(text)}`
      at += text.length
      if (source[at] === '$') {
        templates.push(0)
        at += 2
      } else at++
      continue
    } else if (c === '/' && /(?:^|[=(,:;[!&|?{}>+\-*%~^]|\b(?:return|typeof|case|in|of))\s*$/.test(code.slice(-20))) {
      text = take(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/\w*/y) ?? c
      code += ' '
    } else {
      text = c
      if (templates.length > 0 && c === '{') templates[templates.length - 1]!++
      if (templates.length > 0 && c === '}') templates[templates.length - 1]!--
      code += c
    }
    at += text.length
  }
  return { code, strings }
}
