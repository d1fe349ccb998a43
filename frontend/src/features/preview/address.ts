/** Addresses of what a program of the agent serves. */

/** Returns the path that somebody meant who typed a path, or a whole address. */
export function pathOf(typed: string): string {
  const path = typed.trim().replace(/^[a-z][a-z+.-]*:\/\/[^/?#]*/i, "");
  return `/${path.replace(/^[/\\]+/, "")}`;
}

/** Returns where our server leads to `path` of what is at `way`. */
export function addressAt(way: string, path: string): string {
  return `${way}${path === "/" ? "" : path}`;
}
