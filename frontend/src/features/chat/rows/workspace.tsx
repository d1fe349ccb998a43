import { createContext, Fragment, use } from "react";

/** The folder the agent works in; its path is long and the same everywhere. */
export const Workspace = createContext<string | null>(null);

/** Returns the text without the workspace wherever a path within it begins. */
export function splitAtWorkspace(text: string, workspace: string | null): string[] {
  if (workspace === null || workspace === "" || workspace === "/") return [text];
  const parts = text.split(workspace);
  const [first = "", ...rest] = parts;
  const found = [first];
  for (const part of rest) {
    // `/work` is no part of `/workers`, and `/a/work` is another folder.
    const isPath = /^(?![\w.-])/.test(part) && !/[\w.~-]$/.test(found.at(-1) ?? "");
    if (isPath) found.push(part);
    else found.push(`${found.pop() ?? ""}${workspace}${part}`);
  }
  return found;
}

/** A text in which the workspace is an ellipsis; it is there all the same for who copies it or points at it. */
export function ShortPaths({ text }: { text: string }) {
  const workspace = use(Workspace);
  return splitAtWorkspace(text, workspace).map((part, at) => (
    <Fragment key={at}>
      {at > 0 && (
        <span title={workspace ?? undefined} className="opacity-60 before:content-['…']">
          <span className="text-[0px]">{workspace}</span>
        </span>
      )}
      {part}
    </Fragment>
  ));
}
