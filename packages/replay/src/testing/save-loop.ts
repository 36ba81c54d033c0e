/** Saves a replay to one file again and again until it is killed; says after each save how much was stored. */
import { saveReplay } from '../buffer/replay-file.ts'
import { Session } from './replays.ts'

const session = new Session({ capacity: 3000 }).collect(500)
for (;;) {
  session.collect(1).draw(1)
  saveReplay(session.replay, process.argv[2]!)
  process.stdout.write('.')
}
