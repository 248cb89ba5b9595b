/** Settings of who may enter: the first administrator, sessions and logins, keys. */
import { bool, duration, int, key, list, oneOf, secret, text } from '../setting.ts'

const name = /^[A-Za-z_][A-Za-z0-9_.-]*$/

export const admin = {
  email: text({
    env: 'DF_ADMIN_EMAIL',
    default: null,
    pattern: /^[^\s@]+@[^\s@]+$/,
    accepts: 'an email address',
    help: 'Makes the first administrator at start, if there is none. Without it, a one-time code that is printed at start makes one.',
  }),
  password: secret({
    env: 'DF_ADMIN_PASSWORD',
    minLength: 16,
    help: 'The password of that administrator. Given together with DF_ADMIN_EMAIL.',
  }),
  firstName: text({ env: 'DF_ADMIN_FIRST_NAME', default: 'Admin', help: 'The first name of that administrator.' }),
  lastName: text({ env: 'DF_ADMIN_LAST_NAME', default: 'User', help: 'The last name of that administrator.' }),
} as const

export const auth = {
  jwtSecret: secret({
    env: 'DF_JWT_SECRET',
    aliases: ['JWT_SECRET'],
    minLength: 16,
    defaultText: 'generated once, kept in the data folder',
    help: 'The secret that signs session tokens (HS256). Several instances that share users need the same one; changing it ends all sessions.',
  }),
  jwtTtlMinutes: duration({
    env: 'DF_JWT_TTL',
    default: 1_440,
    min: 1,
    max: 525_600,
    unit: 'min',
    as: 'min',
    help: 'How long a session token is valid.',
  }),
  jwtRefreshTtlMinutes: duration({
    env: 'DF_JWT_REFRESH_TTL',
    default: 20_160,
    min: 1,
    max: 5_256_000,
    unit: 'min',
    as: 'min',
    help: 'How long after its first issue a session token can be refreshed. At least DF_JWT_TTL.',
  }),
  allowForeverSessions: bool({
    env: 'DF_ALLOW_FOREVER_SESSIONS',
    default: false,
    help: 'Lets `remember_me` in a login make a session that can always be refreshed.',
  }),
  jwtUserClaims: list({
    env: 'DF_JWT_USER_CLAIM',
    default: [],
    entry: { test: (field) => name.test(field), accepts: 'field names' },
    help: 'Fields of the user that are put into the token as claims.',
  }),
  loginAttribute: oneOf({
    env: 'DF_LOGIN_ATTRIBUTE',
    default: 'email',
    words: ['email', 'username'],
    help: 'What people log in with.',
  }),
  loginAttemptsPerMinute: int({
    env: 'DF_LOGIN_ATTEMPTS',
    default: 10,
    min: 1,
    max: 10_000,
    unit: 'per minute',
    help: 'Failed logins allowed to one account and to one address. More are answered 429.',
  }),
  confirmCodeLength: int({
    env: 'DF_CONFIRM_CODE_LENGTH',
    default: 32,
    min: 5,
    max: 32,
    unit: 'characters',
    help: 'The length of the codes in invitations and password mails.',
  }),
  confirmCodeTtlMinutes: duration({
    env: 'DF_CONFIRM_CODE_TTL',
    default: 86_400,
    min: 1,
    max: 5_256_000,
    unit: 'min',
    as: 'min',
    help: 'How long such a code is valid.',
  }),
  confirmResetUrl: text({
    env: 'DF_CONFIRM_RESET_URL',
    default: '/dreamfactory/dist/#/auth/reset-password',
    help: 'Where the links of password mails lead. A path is below APP_URL.',
  }),
  confirmInviteUrl: text({
    env: 'DF_CONFIRM_INVITE_URL',
    default: '/dreamfactory/dist/#/auth/user-invite',
    help: 'Where the links of invitations lead. A path is below APP_URL.',
  }),
  confirmRegisterUrl: text({
    env: 'DF_CONFIRM_REGISTER_URL',
    default: '/dreamfactory/dist/#/auth/register-confirm',
    help: 'Where the links of registration mails lead. A path is below APP_URL.',
  }),
} as const

export const security = {
  appKey: key({
    env: 'DF_APP_KEY',
    aliases: ['APP_KEY'],
    bytes: 32,
    defaultText: 'generated once, kept in the data folder with mode 0600',
    help: 'The key that encrypts secrets in the system store (AES-256-GCM). Without it, what it encrypted is lost.',
  }),
} as const
