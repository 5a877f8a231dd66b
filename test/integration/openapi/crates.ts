import { Injectable, UnauthorizedException } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { Exclude, Expose, Transform, Type } from 'class-transformer';
import { IsArray, IsEmail, IsIn, IsInt, IsOptional, IsString, Length, Max, Min, ValidateNested } from 'class-validator';
import { TenantScoped } from 'nestjs-muck';
import { Column, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { TestGuard } from '../../support/crud-desk.js';

export class Address {
  @Column() street!: string;
  @Column({ type: String, nullable: true }) city!: string | null;
  @Exclude() @Column({ default: 'none' }) doorCode!: string;
}

/** Columns of an embedded object, and one of each kind of property that an answer may show otherwise than it is stored. */
@Entity()
@TenantScoped()
@Unique(['organizationId', 'label'])
export class Crate {
  @PrimaryGeneratedColumn() id!: number;
  @Column() organizationId!: number;
  @Column({ length: 30 }) label!: string;
  @Column({ type: 'int', default: 1 }) weight!: number;
  @Column({ type: 'simple-json', nullable: true }) contents!: unknown;
  @Column(() => Address) address!: Address;
  @Transform(({ value }: { value: string }) => value.length) @Column({ default: '' }) remark!: string;

  @Expose()
  get isHeavy(): boolean {
    return this.weight > 100;
  }
}

export class ItemDto {
  @IsString() @Length(1, 20) name!: string;
  @IsOptional() @IsInt() @Min(1) count?: number;
  @IsOptional() @IsArray() @ValidateNested({ each: true }) @Type(() => ItemDto) parts?: ItemDto[];
}

export class AddressDto {
  @IsString() street!: string;
  @IsOptional() @IsString() city?: string | null;
}

export class CrateDto {
  @IsString() @Length(2, 60) label!: string;
  @IsOptional() @IsInt() @Min(1) @Max(1000) weight?: number;
  @IsArray() @ValidateNested({ each: true }) @Type(() => ItemDto) contents!: ItemDto[];
  @ValidateNested() @Type(() => AddressDto) address!: AddressDto;
  @Expose({ name: 'note' }) @IsOptional() @IsIn(['fragile', 'heavy']) remark?: string;
  @IsOptional() @IsEmail() contact?: string;
}

export class OwnerView {
  @Expose() organizationId!: number;
}

export class CrateView {
  @Expose() id!: number;
  @Expose({ name: 'title' }) label!: string;
  @Expose() @Transform(({ value }: { value: number }) => `${value} kg`) weight!: string;
  @Expose() @Type(() => Date) seenAt?: Date;
  @Expose() @Type(() => OwnerView) owner?: OwnerView;
}

/** A missing user is a 401; a user without an organization, `0`, passes and has no tenant. */
@Injectable()
export class SignedInGuard extends TestGuard {
  override canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    if (headers['x-user'] === undefined) throw new UnauthorizedException();
    return super.canActivate(context);
  }
}
