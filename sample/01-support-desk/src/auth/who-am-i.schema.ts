import { USER_ROLES } from '../users/user.entity.js';

const NAMED = { id: { type: 'integer' }, name: { type: 'string' } };

/** The form of `GET /api/auth/me`. */
export const WHO_AM_I = {
  type: 'object',
  properties: {
    email: { type: 'string' },
    platformAdmin: { type: 'boolean' },
    user: {
      type: ['object', 'null'],
      properties: { ...NAMED, role: { type: 'string', enum: [...USER_ROLES] } },
      required: ['id', 'name', 'role'],
    },
    organization: { type: ['object', 'null'], properties: NAMED, required: ['id', 'name'] },
  },
  required: ['email', 'platformAdmin', 'user', 'organization'],
};
