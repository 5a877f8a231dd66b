import { BoundedCache } from '../../common/bounded-cache.js';

/** Maximum number of texts. */
const MAX_TEXTS = 2000;
/** Maximum number of characters of all texts. A wide statement has some 100,000, an ordinary one less than 2,000. */
const MAX_CHARACTERS = 8_000_000;

/** What is known about statements by their texts. Wide statements are kept too: reading them anew costs most. */
export class StatementCache<V> extends BoundedCache<string, V> {
  constructor() {
    super(MAX_TEXTS, MAX_CHARACTERS, (text) => text.length);
  }
}
