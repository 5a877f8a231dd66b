import { MuckModule, TenantScoped, tenantFromUser } from 'nestjs-muck';
import { Column, Entity, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';

/** Evaluated when the file is imported, as in an application's root module. */
export const module = MuckModule.forRoot({
  scope: { organizationId: Number },
  resolver: tenantFromUser('organizationId'),
  rowLevelSecurity: { unscopedRole: process.env['UNSCOPED_ROLE']! },
});

@Entity()
@TenantScoped()
export class Project {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
}

@Entity()
@TenantScoped()
export class Task {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column() projectId!: number;
  @ManyToOne(() => Project) project!: Relation<Project>;
}
