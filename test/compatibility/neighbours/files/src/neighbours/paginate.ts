import assert from 'node:assert/strict';
import { Controller, Get, UseGuards } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { TenantScoped } from 'nestjs-muck';
import { FilterOperator, Paginate, paginate } from 'nestjs-paginate';
import type { PaginateQuery } from 'nestjs-paginate';
import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn, Repository } from 'typeorm';
import type { Relation } from 'typeorm';
import { ACME, GLOBEX, User, within } from '../world.js';
import type { Neighbour } from '../world.js';

@Entity()
@TenantScoped()
class Author {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() name!: string;
  @OneToMany(() => Book, (book) => book.author) books!: Relation<Book[]>;
}

@Entity()
@TenantScoped()
class Book {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() title!: string;
  @Column() year!: number;
  @ManyToOne(() => Author, (author) => author.books) author!: Relation<Author>;
}

@Controller('books')
@UseGuards(User)
@TenantScoped()
class BooksController {
  constructor(@InjectRepository(Book) private readonly books: Repository<Book>) {}

  @Get()
  list(@Paginate() query: PaginateQuery) {
    return paginate(query, this.books, {
      sortableColumns: ['id', 'title', 'year', 'author.name'],
      searchableColumns: ['title', 'author.name'],
      relations: ['author'],
      filterableColumns: { year: [FilterOperator.GTE, FilterOperator.EQ], 'author.name': [FilterOperator.EQ] },
      defaultLimit: 2,
    });
  }
}

const neighbour: Neighbour = {
  packages: ['nestjs-paginate'],
  attempts: {
    'paginate() over a scoped repository: pages, sort, search, filters and a relation': () =>
      within({ entities: [Author, Book], controllers: [BooksController] }, async ({ send, tenancy, dataSource }) => {
        for (const scope of [ACME, GLOBEX]) {
          await tenancy.run(scope, async () => {
            const author = await dataSource.getRepository(Author).save({ name: `author ${scope.organizationId}` });
            for (let i = 0; i < 5; i += 1)
              await dataSource.getRepository(Book).save({ title: `book ${i}`, year: 2000 + i, author });
          });
        }
        const titles = async (organization: number, query: string) => {
          const { status, body } = await send(organization, 'GET', `/books?${query}`);
          assert.equal(status, 200, JSON.stringify(body));
          for (const book of body.data) {
            assert.equal(book.organizationId, organization);
            assert.equal(book.author.name, `author ${organization}`);
          }
          return [body.meta.totalItems, body.data.map(({ title }: Book) => title)];
        };
        for (const organization of [1, 2]) {
          assert.deepEqual(await titles(organization, 'page=2&sortBy=title:ASC'), [5, ['book 2', 'book 3']]);
          assert.deepEqual(await titles(organization, 'search=book 4'), [1, ['book 4']]);
          assert.deepEqual(await titles(organization, 'filter.year=$gte:2003&sortBy=year:DESC'), [
            2,
            ['book 4', 'book 3'],
          ]);
          assert.deepEqual(await titles(organization, `filter.author.name=author ${3 - organization}`), [0, []]);
          assert.deepEqual((await titles(organization, 'sortBy=author.name:ASC&sortBy=id:ASC'))[1], [
            'book 0',
            'book 1',
          ]);
        }
      }),
  },
};
export default neighbour;
