/**
 * Lets @peculiar/x509 load: its dependency injection (tsyringe) insists on the Reflect metadata API, but every class it makes has a
 * constructor without parameters, so an API that never knows any metadata is all it needs.
 */
const absent = (): undefined => undefined;

if (!("getMetadata" in Reflect)) Object.assign(Reflect, { getMetadata: absent, getOwnMetadata: absent });
