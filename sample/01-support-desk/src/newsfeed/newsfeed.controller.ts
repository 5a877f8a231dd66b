import { Controller, UseGuards } from '@nestjs/common';
import { Crud, CrudController } from 'nestjs-muck';
import { AuthGuard } from '../auth/auth.guard.js';
import { PlatformAdminGuard } from '../auth/platform-admin.guard.js';
import { NewsfeedItem } from './newsfeed-item.entity.js';
import { NewsfeedItemDto } from './newsfeed-item.dto.js';

/**
 * Everyone who is signed in reads it, the platform's own account too, which has no organization: there is no tenant to scope to.
 * For the same reason the writing routes are named one by one; a shared entity has none of them otherwise.
 */
@Controller('newsfeed')
@UseGuards(AuthGuard)
@Crud(NewsfeedItem, {
  only: ['findAll', 'findOne', 'create', 'replace', 'update', 'remove'],
  dto: { create: NewsfeedItemDto },
  search: ['text'],
  sort: ['publishedAt'],
})
export class NewsfeedController extends CrudController<NewsfeedItem> {
  @UseGuards(PlatformAdminGuard)
  override create(item: NewsfeedItemDto) {
    return super.create(item);
  }

  @UseGuards(PlatformAdminGuard)
  override replace(id: number, item: NewsfeedItemDto) {
    return super.replace(id, item);
  }

  @UseGuards(PlatformAdminGuard)
  override update(id: number, changes: Partial<NewsfeedItemDto>) {
    return super.update(id, changes);
  }

  @UseGuards(PlatformAdminGuard)
  override remove(id: number) {
    return super.remove(id);
  }
}
