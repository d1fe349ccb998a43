import { useMemo, type ReactNode } from "react";

import { Clipped } from "@/components/clipped";
import { DiffView } from "@/components/diff-view";
import { Spinner } from "@/components/icons";
import type { ActionOf, StepRow } from "@/conversation/view";
import { m } from "@/i18n/language";
import { countChanges, parseDiff, type DiffLine } from "@/lib/diff";

import { Card, Path } from "./card";

type FileAction = ActionOf<"read" | "write" | "edit">;

function verbOf(action: FileAction, done: boolean): string {
  switch (action.action) {
    case "read":
      return done ? m.chat.file.read : m.chat.file.reading;
    case "write":
      return done ? m.chat.file.wrote : m.chat.file.writing;
    case "edit":
      if (action.args.command === "create") return done ? m.chat.file.created : m.chat.file.creating;
      if (action.args.command === "undo_edit") return done ? m.chat.file.undid : m.chat.file.undoing;
      return done ? m.chat.file.edited : m.chat.file.editing;
  }
}

/** Returns the change as lines: the server's diff, or what the action says if there is none. */
function changeOf(action: FileAction, row: StepRow): DiffLine[] {
  const { observation } = row;
  if (observation?.observation === "edit" && observation.extras.diff) return parseDiff(observation.extras.diff);
  const text = action.action === "write" ? action.args.content : action.action === "edit" ? action.args.file_text : null;
  if (!text) return [];
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line, at) => ({ kind: "added", text: line, after: at + 1 }));
}

function Failure({ text }: { text: string }) {
  return <pre className="px-3.5 py-2.5 font-mono text-[0.8125rem] leading-5 whitespace-pre-wrap text-bad">{text}</pre>;
}

function Content({ text }: { text: string }) {
  if (text.startsWith("data:image/")) return <img src={text} alt="" className="max-h-96 p-3" />;
  if (text.startsWith("data:")) return <p className="px-3.5 py-2 text-sm text-muted">{m.chat.file.binary}</p>;
  return (
    <details>
      <summary className="px-3.5 py-1.5 text-xs font-medium text-muted hover:bg-panel hover:text-ink">
        {m.chat.file.showContent}
      </summary>
      <Clipped
        text={text.replace(/\n$/, "")}
        limit={60}
        keep="start"
        buttonClassName="border-line text-muted hover:bg-panel"
        render={(part) => (
          <pre
            tabIndex={0}
            className="max-h-[28rem] overflow-auto border-t border-line px-3.5 py-2.5 font-mono text-[0.8125rem] leading-5"
          >
            {part}
          </pre>
        )}
      />
    </details>
  );
}

/** A file that was read, written or edited. */
export function FileCard({ row, action }: { row: StepRow; action: FileAction }) {
  const { observation } = row;
  const change = useMemo(() => changeOf(action, row), [action, row]);
  const { added, removed } = countChanges(change);
  const failure =
    observation !== null &&
    (observation.observation === "error" ||
      observation.observation === "user_rejected" ||
      /^\s*(ERROR:|\[.*error:)/i.test(observation.content));

  let aside: ReactNode = null;
  if (observation === null) aside = <Spinner className="size-3.5 text-muted" />;
  else if (failure) aside = <span className="text-xs font-medium text-bad">{m.chat.file.failed}</span>;
  else if (added + removed > 0) {
    aside = (
      <span className="font-mono text-xs whitespace-nowrap">
        <span className="text-ok">+{added}</span> {removed > 0 && <span className="text-bad">−{removed}</span>}
      </span>
    );
  }

  let body: ReactNode = null;
  if (failure) body = <Failure text={observation.content} />;
  else if (action.action === "read") body = observation === null ? null : <Content text={observation.content} />;
  else if (change.length > 0) body = <DiffView lines={change} />;

  return (
    <Card
      icon={action.action === "read" ? "file" : "edit"}
      title={
        <span className="flex items-baseline gap-2">
          <span className="shrink-0 text-muted">{verbOf(action, observation !== null)}</span>
          <Path path={action.args.path} />
        </span>
      }
      aside={aside}
    >
      {body}
    </Card>
  );
}
