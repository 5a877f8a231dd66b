import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { table, Tenancy } from 'nestjs-muck';
import { DataSource, type Repository } from 'typeorm';
import { SupportTicket } from '../support-tickets/support-ticket.entity.js';

const SHOWN = { id: true, subject: true, organizationId: true } as const;
const FEW = 5;

/** A service as it is written in a hurry: no query in it says which organization it is for. */
@Injectable()
export class AttemptsService {
  constructor(
    @InjectRepository(SupportTicket) private readonly tickets: Repository<SupportTicket>,
    private readonly dataSource: DataSource,
    private readonly tenancy: Tenancy,
  ) {}

  /** The condition that is forgotten sooner or later. */
  withoutWhere(): Promise<SupportTicket[]> {
    return this.tickets.find({ select: SHOWN, order: { id: 'DESC' }, take: FEW });
  }

  /** A condition that asks for the other organization, on purpose. */
  ofOther(organizationId: number): Promise<SupportTicket[]> {
    return this.tickets.find({ select: SHOWN, where: { organizationId }, take: FEW });
  }

  /** A condition that is true for every row, in a place where it would undo one before it. */
  orTrue(): Promise<SupportTicket[]> {
    return this.tickets
      .createQueryBuilder('ticket')
      .select(['ticket.id', 'ticket.subject', 'ticket.organizationId'])
      .where('ticket.status = :status', { status: 'open' })
      .orWhere('1 = 1')
      .orderBy('ticket.id', 'DESC')
      .take(FEW)
      .getMany();
  }

  /** Raw SQL on a table of tenants: the place of a predicate in it cannot be determined. */
  rawSql(): Promise<unknown> {
    return this.dataSource.query('SELECT "id", "subject" FROM "support_ticket" ORDER BY "id" LIMIT 5');
  }

  /** Raw SQL for a report: each table is a placeholder for its visible rows. */
  report(): Promise<unknown> {
    return this.tenancy.sql(this.dataSource.manager)`
      SELECT "status", count(*)::integer AS "tickets" FROM ${table(SupportTicket, 't')} GROUP BY "status" ORDER BY "status"`;
  }

  /** Gives a ticket away. */
  async moveTo(organizationId: number, id: number): Promise<void> {
    await this.tickets.update({ id }, { organizationId });
  }
}
