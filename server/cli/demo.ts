import { DemoRefused, fillHospital } from '../demo/fill.ts'
import { type Command, CommandFailed, withSystem } from './command.ts'

const made_up_people = 1000

const usage = `openward demo

Fills the hospital with life to look at: 20 doctors in 6 departments, 12 weeks of their appointments, 80 beds with their stays, and a
colleague of each role, who are invited. The patients are those who are registered here; where there are none, ${made_up_people} made-up
people are registered first. For trying out only: refused in production, and where it has been run before.
Exit codes: 0 filled, 1 refused.`

export const demoCommand: Command = {
  summary: 'fills the hospital with doctors, appointments and beds to look at',
  usage,
  async run(words) {
    if (words.length > 0) throw new CommandFailed(`demo takes no words\n\n${usage}`, 2)
    const demo = await withSystem((system) => fillHospital(system, made_up_people)).catch((error: unknown) => {
      throw error instanceof DemoRefused ? new CommandFailed(error.message) : error
    })
    const { patients, doctors, appointments, beds, stays, invitations } = demo
    const links = invitations.map(({ who, link }) => `  ${who.padEnd(20)} ${link}`)
    process.stdout.write(
      `${patients} patients, ${doctors} doctors, ${appointments} appointments, ${stays} stays in ${beds} beds.\n` +
        `Invitations, shown once; each lets its owner choose a password:\n${links.join('\n')}\n`,
    )
  },
}
