/** Which pictures of events may be shown: one from elsewhere would tell its host who is looking. */

/** Comes with the event. */
const INLINE = /^data:image\/(png|jpe?g|gif|webp|avif|svg\+xml)[;,]/i;
/** Is kept by this server, beside the log. */
const KEPT = /^\/api\/conversations\/[\w-]+\/pictures\/[0-9a-f]{64}\.(png|jpg|gif|webp)$/;

export function isShowable(address: string): boolean {
  return INLINE.test(address) || isKept(address);
}

/** Does the picture have an address of this server, where it can be seen by itself? */
export function isKept(address: string): boolean {
  return KEPT.test(address);
}
