/** Addresses as they may be shown. */

/** The address, well formed or not, without the user and the password that it may hold. */
export function withoutUser(address: string): string {
  return address.replace(/(\/\/|^)[^/@]*@/, "$1");
}
