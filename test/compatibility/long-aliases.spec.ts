import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declareScope, Tenancy, TenantScoped } from 'nestjs-muck';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryGeneratedColumn,
} from 'typeorm';
import type { Relation } from 'typeorm';
import { createDatabase, databasesToTest } from '../support/databases.js';
import type { TestDatabase } from '../support/databases.js';

/*
 * TypeORM replaces an alias of more than 63 characters by a hash, which begins with a digit more often than not. Each relation here has such an
 * alias, below another one.
 */

declareScope({ organizationId: Number });
const tenancy = new Tenancy();

@Entity()
@TenantScoped()
class OrganizationOfEmployeesImage {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() address!: string;
  @DeleteDateColumn() deletedAt!: Date | null;
  @ManyToOne(() => OrganizationOfEmployeesMember, (member) => member.photographsThatWereTakenOfThisMember)
  memberThatIsShownOnThisImage!: Relation<OrganizationOfEmployeesMember>;
}

@Entity()
@TenantScoped()
class OrganizationOfEmployeesMember {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @Column({ default: 0 }) thisIsAColumnWithANameThatIsLongEnoughForAnAliasToBeHashed!: number;
  @DeleteDateColumn() deletedAt!: Date | null;
  @ManyToOne(() => OrganizationOfEmployeesMember)
  responsibleManagerOfThisMember!: Relation<OrganizationOfEmployeesMember>;
  @ManyToOne(() => OrganizationOfEmployeesMember)
  assistantManagerOfThisMember!: Relation<OrganizationOfEmployeesMember>;
  @ManyToOne(() => OrganizationOfEmployeesMember) representativeOfThisMember!: Relation<OrganizationOfEmployeesMember>;
  @ManyToOne(() => OrganizationOfEmployeesImage) imageOfThisMemberOnItsPage!: Relation<OrganizationOfEmployeesImage>;
  @ManyToOne(() => OrganizationOfEmployeesImage) smallImageOfThisMemberInLists!: Relation<OrganizationOfEmployeesImage>;
  @OneToMany(() => OrganizationOfEmployeesImage, (image) => image.memberThatIsShownOnThisImage)
  photographsThatWereTakenOfThisMember!: Relation<OrganizationOfEmployeesImage[]>;
  @ManyToMany(() => OrganizationOfEmployeesImage)
  @JoinTable({ name: 'favourites' })
  favouriteImagesOfThisMemberOfStaff!: Relation<OrganizationOfEmployeesImage[]>;
}

const MANAGERS = [
  'responsibleManagerOfThisMember',
  'assistantManagerOfThisMember',
  'representativeOfThisMember',
] as const;
const IMAGES = [
  'imageOfThisMemberOnItsPage',
  'smallImageOfThisMemberInLists',
  'photographsThatWereTakenOfThisMember',
  'favouriteImagesOfThisMemberOfStaff',
] as const;

describe.each(databasesToTest())('aliases that TypeORM shortens on %s', (kind) => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createDatabase(kind);
    dataSource = await new DataSource({
      ...database.options,
      entities: [OrganizationOfEmployeesImage, OrganizationOfEmployeesMember],
      synchronize: true,
    }).initialize();
    for (const [organizationId, name] of [
      [1, 'acme'],
      [2, 'globex'],
    ] as const) {
      await tenancy.run({ organizationId }, async () => {
        const images = dataSource.getRepository(OrganizationOfEmployeesImage);
        const members = dataSource.getRepository(OrganizationOfEmployeesMember);
        const image = await images.save({ address: `image of ${name}` });
        const gone = await images.save({ address: `deleted image of ${name}` });
        await images.softRemove({ ...gone });
        const chief = await members.save({
          name: `chief of ${name}`,
          imageOfThisMemberOnItsPage: image,
          smallImageOfThisMemberInLists: gone,
          favouriteImagesOfThisMemberOfStaff: [image, gone],
        });
        await images.update(image.id, { memberThatIsShownOnThisImage: chief });
        await members.save({
          name: `member of ${name}`,
          ...Object.fromEntries(MANAGERS.map((manager) => [manager, chief])),
        });
      });
    }
  });
  afterAll(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  const members = (): ReturnType<typeof dataSource.getRepository<OrganizationOfEmployeesMember>> =>
    dataSource.getRepository(OrganizationOfEmployeesMember);
  const acme = <R>(fn: () => R): R => tenancy.run({ organizationId: 1 }, fn);
  const withImages = Object.fromEntries(IMAGES.map((image) => [image, true]));
  const everything = Object.fromEntries(MANAGERS.map((manager) => [manager, withImages]));

  it('begin with a digit for some of these relations', async () => {
    const sql = acme(() => members().createQueryBuilder('member').setFindOptions({ relations: everything }).getQuery());
    if (kind === 'sqljs') expect(sql).not.toMatch(/[`"][0-9a-f]{40}[`"]/);
    else expect(sql.match(/[`"]\d[0-9a-f]{39}[`"]/g)!.length).toBeGreaterThan(1);
    await Promise.resolve();
  });

  it.each(MANAGERS.flatMap((manager) => IMAGES.map((image) => [manager, image] as const)))(
    'are read in find with relations, conditions and order: %s.%s',
    async (manager, image) => {
      const [found, count] = await acme(() =>
        members().findAndCount({
          where: { [manager]: { [image]: { address: 'image of acme' } } },
          relations: { [manager]: { [image]: true } },
          order: { [manager]: { [image]: { address: 'DESC' } } },
          take: 5,
        }),
      );
      const isDeleted = image === 'smallImageOfThisMemberInLists';
      expect([found.length, count]).toEqual(isDeleted ? [0, 0] : [1, 1]);
      const loaded = await acme(() =>
        members().findOneOrFail({
          where: { name: 'member of acme' },
          relations: { [manager]: { [image]: true } },
        }),
      );
      const shown = JSON.stringify(loaded);
      expect(shown).not.toContain('globex');
      expect(shown).not.toContain('deleted image');
      expect(shown.includes('image of acme')).toBe(!isDeleted);
    },
  );

  it('are read in find with all relations at once, and with deleted rows', async () => {
    const relations = everything as never;
    const rows = await acme(() => members().find({ relations, withDeleted: true, order: { id: 'ASC' } }));
    expect(rows.map(({ name }) => name)).toEqual(['chief of acme', 'member of acme']);
    const manager = rows[1].responsibleManagerOfThisMember;
    expect(manager.smallImageOfThisMemberInLists.address).toBe('deleted image of acme');
    expect(manager.favouriteImagesOfThisMemberOfStaff).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toContain('globex');
  });

  it('are read in builders: as main alias, joined, in a sub-query, in conditions of all kinds', async () => {
    const long = 'anAliasThatIsLongEnoughToBeReplacedByAHashSinceItHasMoreThanSixtyThreeCharacters';
    for (const suffix of ['', '1', '2', '3', '4', '5', '6', '7']) {
      const name = `${long}${suffix}`;
      const found = await acme(() =>
        members()
          .createQueryBuilder('member')
          .leftJoinAndSelect('member.responsibleManagerOfThisMember', 'manager')
          .leftJoinAndSelect('manager.imageOfThisMemberOnItsPage', 'i')
          .where((builder) => {
            const sub = builder.subQuery().select('1').from(OrganizationOfEmployeesImage, name);
            return `EXISTS ${sub.where(`${sub.alias}.id = i.id OR ${sub.alias}.address = :none`).getQuery()}`;
          })
          .setParameter('none', 'none')
          .getMany(),
      );
      expect(found.map((member) => member.name)).toEqual(['member of acme']);
    }
  });

  it('are read in updates, deletions and counts of rows that are found so', async () => {
    const count = await acme(() =>
      members().countBy({
        responsibleManagerOfThisMember: { favouriteImagesOfThisMemberOfStaff: { address: 'image of acme' } },
      }),
    );
    expect(count).toBe(1);
    expect(
      await acme(() =>
        members().existsBy({
          representativeOfThisMember: { imageOfThisMemberOnItsPage: { address: 'image of globex' } },
        }),
      ),
    ).toBe(false);
  });
});
