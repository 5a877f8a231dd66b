import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController, TenantScoped } from 'nestjs-muck';
import { AuthGuard } from '../auth/auth.guard.js';
import { TagDto } from './dto/tag.dto.js';
import { Tag } from './tag.entity.js';

/** The words that the caller's organization sorts its tickets by. */
@Controller('tags')
@TenantScoped()
@UseGuards(AuthGuard)
@Crud(Tag, { dto: { create: TagDto }, search: ['name'], sort: ['name'] })
export class TagsController extends CrudController<Tag> {}
