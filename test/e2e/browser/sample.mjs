// Starts the sample as a new user does, works with it in Chromium as several people, on slow and broken networks, runs the commands that it shows,
// stops it with Ctrl-C, and starts it again.
// @ts-check
import { execFileSync } from 'node:child_process';
import { DESKS, tellStory } from './desk-story.mjs';
import { tellOfIsolation } from './isolation-story.mjs';
import { tellOfLauncher } from './launcher-story.mjs';
import { tellOfOutages } from './outage-story.mjs';
import { tellOfPlatform } from './platform-story.mjs';
import { holds } from './promises.mjs';
import { interrupt, start } from './server.mjs';
import { tellOfSlowNetwork } from './slow-network-story.mjs';
import { Theatre } from './stage.mjs';
import { tellOfTwoPeople } from './two-people-story.mjs';

/** The commands that the page at `/terminal` shows: they run as they stand there. */
async function tryTerminalPage() {
  const { page, inspect } = await theatre.stage('/terminal', { name: 'terminal' });
  holds((await page.textContent('h1'))?.includes('Support desk'), 'the page of commands has its heading');
  const commands = await page.$$eval('pre code', (blocks) => blocks.map((block) => block.textContent ?? ''));
  const answer = execFileSync('bash', ['-c', commands.join('\n')], { encoding: 'utf8' });
  holds(commands.length > 3 && !answer.includes('Internal server error'), 'the commands on it run');
  holds(
    answer.includes('"organizationId":1') && answer.includes('404'),
    'they show own rows, and a 404 for a foreign one',
  );
  await inspect('page');
  await page.context().close();
}

/** Both organizations, and that neither gets a byte of the other. */
async function tryDesks() {
  /** @type {string[]} */
  const heard = [];
  for (const desk of DESKS) {
    const stage = await theatre.stage('/', { name: desk.name });
    await tellStory(stage, desk);
    await stage.page.context().close();
    heard.push(await stage.answers());
  }
  for (const [index, desk] of DESKS.entries()) {
    const other = DESKS[1 - index];
    const foreign = other.marks.filter((mark) => heard[index].includes(mark));
    holds(foreign.length === 0, `no byte of ${other.name} reaches ${desk.name} ${foreign.join(', ')}`);
    holds(
      desk.marks.every((mark) => heard[index].includes(mark)),
      `while all of ${desk.name} does`,
    );
  }
}

let server = await start();
console.log(`ready in ${server.seconds.toFixed(1)} s`);
const { port } = new URL(server.url);
const theatre = await Theatre.open(server.url);
const ways = {
  stop: async () => holds(!(await interrupt(server.child)), 'Ctrl-C leaves no process'),
  restart: async (/** @type {NodeJS.ProcessEnv | undefined} */ env = undefined) => {
    server = await start({ PORT: port, ...env });
    console.log(`ready again in ${server.seconds.toFixed(1)} s`);
  },
};

/** All that is told; one of them alone by its name: `npm run test:browser -- outages`. */
const stories = {
  terminal: tryTerminalPage,
  desks: tryDesks,
  'slow-network': () => tellOfSlowNetwork(theatre),
  'two-people': () => tellOfTwoPeople(theatre),
  isolation: () => tellOfIsolation(theatre),
  platform: () => tellOfPlatform(theatre),
  launcher: tellOfLauncher,
  outages: () => tellOfOutages(theatre, ways),
};
const wanted = process.argv.slice(2);
try {
  for (const [name, tell] of Object.entries(stories)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`— ${name}`);
    await tell();
  }
} finally {
  await theatre.close();
}
await ways.stop();
await ways.restart();
holds((await fetch(`${server.url}/health`)).ok, 'a second start works');
await ways.stop();
