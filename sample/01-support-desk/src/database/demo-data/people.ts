import type { UserRole } from '../../users/user.entity.js';

/** The password of everyone in the demo data. */
export const DEMO_PASSWORD = 'demo';

/** The account that writes the newsfeed. It belongs to no organization. */
export const PLATFORM_ADMIN = 'root@platform.example';

export interface DemoPerson {
  readonly name: string;
  readonly email: string;
  readonly role: UserRole;
}

export interface DemoOrganization {
  readonly name: string;
  readonly people: readonly [DemoPerson, DemoPerson];
  /** Subjects that only this organization's tickets have. */
  readonly subjects: readonly string[];
  /** Tags that only this organization has. */
  readonly tags: readonly [string, string];
}

export const ACME: DemoOrganization = {
  name: 'Acme',
  people: [
    { name: 'Ada Lovelace', email: 'ada@acme.example', role: 'admin' },
    { name: 'Alan Turing', email: 'alan@acme.example', role: 'agent' },
  ],
  subjects: [
    'Anvil arrived without its crate',
    'Rocket skates pull to the left',
    'Giant magnet attracts the delivery van',
    'Tunnel paint peels in the rain',
    'Catapult throws backwards',
    'Earthquake pills have no leaflet',
    'Spring shoes squeak on gravel',
    'Portable hole does not fold any more',
    'Bird seed ordered twice',
    'Jet-propelled unicycle: which fuel?',
  ],
  tags: ['anvils', 'rockets'],
};

export const GLOBEX: DemoOrganization = {
  name: 'Globex',
  people: [
    { name: 'Grace Hopper', email: 'grace@globex.example', role: 'admin' },
    { name: 'Edsger Dijkstra', email: 'edsger@globex.example', role: 'agent' },
  ],
  subjects: [
    'Weather machine stuck on drizzle',
    'Reactor manual is the Danish edition',
    'Hammock factory tour: how to book?',
    'Sunglasses too dark for indoor use',
    'Submarine hatch opens inwards',
    'Cooling tower hums in B flat',
    'Laser calibrated in inches',
    'Visitor badge shows the wrong name',
    'Moat pump needs a new filter',
    'Solar farm reports power at night',
  ],
  tags: ['weather', 'reactors'],
};

/** In the order they are created in, which decides their ids. */
export const ORGANIZATIONS = [ACME, GLOBEX] as const;
