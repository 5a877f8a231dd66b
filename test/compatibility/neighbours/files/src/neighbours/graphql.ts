import assert from 'node:assert/strict';
import { Injectable } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import {
  AbstractGraphQLDriver,
  Args,
  Field,
  GqlExecutionContext,
  GraphQLModule,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import type { GqlModuleOptions } from '@nestjs/graphql';
import { InjectRepository } from '@nestjs/typeorm';
import { graphql, parse, subscribe } from 'graphql';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import { Tenancy, TenantScoped } from 'nestjs-muck';
import type { TenantResolver } from 'nestjs-muck';
import { Repository } from 'typeorm';
import { ACME, GLOBEX, Note, within } from '../world.js';
import type { Neighbour, World } from '../world.js';

@ObjectType('Note')
class NoteType {
  @Field(() => Int) id!: number;
  @Field(() => String) noteText!: string;
}

/** The tenant is that of the user in GraphQL's context. */
@Injectable()
class TenantOfContext implements TenantResolver {
  resolve(context: ExecutionContext) {
    return GqlExecutionContext.create(context).getContext<{ user?: typeof ACME }>().user;
  }
}

@Resolver(() => NoteType)
@TenantScoped({ resolver: TenantOfContext })
class NotesResolver {
  constructor(
    @InjectRepository(Note) private readonly repository: Repository<Note>,
    private readonly tenancy: Tenancy,
  ) {}

  @Query(() => [NoteType])
  notes(): Promise<Note[]> {
    return this.repository.find({ order: { id: 'ASC' } });
  }

  @Mutation(() => NoteType)
  write(@Args('text', { type: () => String }) noteText: string): Promise<Note> {
    return this.repository.save({ noteText });
  }

  @Mutation(() => Int)
  async rename(@Args('id', { type: () => Int }) id: number): Promise<number> {
    return (await this.repository.update(id, { noteText: 'renamed' })).affected ?? 0;
  }

  /** Reads for each note how many there are. */
  @ResolveField(() => Int)
  async among(@Parent() { id }: Note): Promise<number> {
    assert.ok(id > 0);
    return this.repository.count();
  }

  @Subscription(() => Int, { resolve: (count: number) => count })
  counts(): AsyncIterableIterator<number> {
    const count = this.tenancy.bind(() => this.repository.count());
    return (async function* () {
      for (let i = 0; i < 2; i += 1) yield await count();
    })();
  }
}

/** Builds the schema, and leaves what runs it to the test. */
class SchemaDriver extends AbstractGraphQLDriver {
  static schema: GraphQLSchema;
  async start(options: GqlModuleOptions): Promise<void> {
    SchemaDriver.schema = options.schema!;
  }
  async stop(): Promise<void> {}
}

const graphqlModule = (options: GqlModuleOptions) =>
  GraphQLModule.forRoot({ driver: SchemaDriver, autoSchemaFile: true, ...options });

const ENHANCED: GqlModuleOptions = { fieldResolverEnhancers: ['interceptors'] };

const ask = (user: typeof ACME | undefined, source: string): Promise<ExecutionResult> =>
  graphql({ schema: SchemaDriver.schema, source, contextValue: { user, req: { user } } });

const withNotes = (options: GqlModuleOptions, attempt: (world: World) => Promise<void>): Promise<void> =>
  within({ imports: [graphqlModule(options)], providers: [NotesResolver, TenantOfContext] }, async (world) => {
    await Promise.all([
      ask(ACME, 'mutation { write(text: "a") { id } }'),
      ask(GLOBEX, 'mutation { write(text: "b") { id } }'),
    ]);
    await ask(GLOBEX, 'mutation { write(text: "c") { id } }');
    await attempt(world);
  });

const plain = (result: ExecutionResult): unknown => JSON.parse(JSON.stringify(result.data ?? result.errors));

const neighbour: Neighbour = {
  packages: ['@nestjs/graphql', 'graphql'],
  attempts: {
    'queries and mutations of two tenants at once work in the scope of who asks': () =>
      withNotes({}, async ({ texts, tenancy, notes }) => {
        assert.deepEqual(await texts(ACME), ['a']);
        assert.deepEqual((await texts(GLOBEX)).sort(), ['b', 'c']);
        const [acme, globex] = await Promise.all([ACME, GLOBEX].map((user) => ask(user, '{ notes { noteText } }')));
        assert.deepEqual(plain(acme), { notes: [{ noteText: 'a' }] });
        assert.deepEqual(plain(globex), { notes: [{ noteText: 'b' }, { noteText: 'c' }] });
        const [own] = await tenancy.run(ACME, () => notes.find());
        assert.deepEqual(plain(await ask(GLOBEX, `mutation { rename(id: ${own.id}) }`)), { rename: 0 });
        assert.deepEqual(await texts(ACME), ['a']);
        assert.ok((await ask(undefined, '{ notes { id } }')).errors);
      }),
    "field resolvers read the asking tenant's rows with fieldResolverEnhancers: ['interceptors']": () =>
      withNotes(ENHANCED, async () => {
        const source = '{ notes { noteText among } }';
        const answers = await Promise.all([ACME, GLOBEX, ACME, GLOBEX].map((user) => ask(user, source)));
        assert.deepEqual(plain(answers[0]), { notes: [{ noteText: 'a', among: 1 }] });
        assert.deepEqual(plain(answers[1]), {
          notes: [
            { noteText: 'b', among: 2 },
            { noteText: 'c', among: 2 },
          ],
        });
        assert.deepEqual(plain(answers[2]), plain(answers[0]));
        assert.deepEqual(plain(answers[3]), plain(answers[1]));
      }),
    'field resolvers without that option read nothing, and say so': () =>
      withNotes({}, async () => {
        const { data, errors } = await ask(ACME, '{ notes { noteText among } }');
        assert.equal(data, null);
        assert.match(String(errors![0].message), /scope/i);
      }),
    'subscriptions give what they read for their tenant, bound by tenancy.bind': () =>
      withNotes(ENHANCED, async () => {
        const counts = await Promise.all(
          [ACME, GLOBEX].map(async (user) => {
            const document = parse('subscription { counts }');
            const results = await subscribe({
              schema: SchemaDriver.schema,
              document,
              contextValue: { user, req: { user } },
            });
            const values: unknown[] = [];
            for await (const result of results as AsyncIterable<ExecutionResult>) values.push(plain(result));
            return values;
          }),
        );
        assert.deepEqual(counts, [
          [{ counts: 1 }, { counts: 1 }],
          [{ counts: 2 }, { counts: 2 }],
        ]);
      }),
  },
};
export default neighbour;
