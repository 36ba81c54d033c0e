/** A car at `position` in the valley of the MountainCar tasks, as text: 37 places from -1.2 to 0.6, flag at the goal. */
export function drawValley(position: number, velocity: number, goal: number): string {
  const place = (x: number) => Math.min(36, Math.max(0, Math.round((x + 1.2) * 20)))
  const rows = Array.from({ length: 6 }, () => Array<string>(37).fill(' '))
  const heightOf = (column: number) => Math.round((1 - Math.sin(3 * (column / 20 - 1.2))) * 2.5)
  for (let column = 0; column < 37; column++) rows[heightOf(column)]![column] = '.'
  rows[heightOf(place(goal))]![place(goal)] = 'F'
  rows[heightOf(place(position))]![place(position)] = 'o'
  const picture = rows.map((row) => row.join('').trimEnd()).join('\n')
  return `${picture}\nposition ${position.toFixed(3)}  velocity ${velocity.toFixed(4)}\n`
}
