// Every page that the function shows to a browser at an address of its own.

export const REFERENCE = '8f5ab3d2-0c1d-4e2f-8a3b-4c5d6e7f8091';

// A path that every front hands to the function; other unknown ones end at API Gateway.
export const NOWHERE = '/callback/no/page/is/at/this/address';

// A connect link that nobody has made.
export const UNKNOWN_LINK = `/connect/${'0'.repeat(64)}`;

export const PAGES = [
  ['connected', `/connected?outcome=connected&reference=${REFERENCE}#_`],
  ['pending', `/pending?outcome=pending&reason=in_progress&reference=${REFERENCE}#_`],
  ['failed', `/failed?outcome=failed&reason=code_rejected&reference=${REFERENCE}#_`],
  ['not-found', NOWHERE],
  ['link-unknown', UNKNOWN_LINK],
  ['pending-unconfirmed', '/pending?reason=unconfirmed'],
  ['pending-bare', '/pending'],
  ...[
    'access_denied', 'application_error', 'temporarily_unavailable', 'invalid_request', 'unknown_connection', 'not_connected',
    'invalid_state', 'link_expired', 'link_used',
  ].map((reason) => [`failed-${reason}`, `/failed?reason=${reason}&reference=${REFERENCE}`]),
  ['failed-bare', '/failed'],
];

// The pages that are worth a picture, those behind connect links among them.
export const PICTURED = [
  'connected', 'pending', 'failed', 'not-found', 'link-unknown', 'failed-invalid_state', 'connect', 'link-in-use', 'link-finished',
  'link-foreign',
];
