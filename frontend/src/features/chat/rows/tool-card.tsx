import type { ReactNode } from "react";

import { Clipped } from "@/components/clipped";
import { ColoredCode } from "@/components/code-block";
import { Spinner, type IconName } from "@/components/icons";
import { Picture } from "@/components/picture";
import { TerminalText } from "@/components/terminal-text";
import { isKept, isShowable } from "@/conversation/pictures";
import type { StepAction, StepRow } from "@/conversation/view";
import { m } from "@/i18n/language";
import type { ObservationEvent } from "@/wire/generated/events";

import { Card } from "./card";

const CELL_LINES = 16;
/** What the browser shows is as large as this, unless it says otherwise. */
const PAGE_SIZE = { width: 1280, height: 720 };

type ToolAction = Exclude<StepAction, { action: "run" | "read" | "write" | "edit" | "task_tracking" }>;

function describe(action: ToolAction): { icon: IconName; verb: string; what: string; input: string } {
  switch (action.action) {
    case "run_ipython":
      return { icon: "terminal", verb: m.chat.tool.python, what: "", input: action.args.code };
    case "browse":
      return { icon: "globe", verb: m.chat.tool.opened, what: action.args.url, input: "" };
    case "browse_interactive":
      return { icon: "globe", verb: m.chat.tool.browsed, what: "", input: action.args.browser_actions };
    case "call_tool_mcp": {
      const input = JSON.stringify(action.args.arguments, null, 2);
      return { icon: "tool", verb: m.chat.tool.called, what: action.args.name, input: input === "{}" ? "" : input };
    }
    case "delegate":
      return { icon: "tool", verb: m.chat.tool.handedOver, what: action.args.agent, input: JSON.stringify(action.args.inputs, null, 2) };
  }
}

function picturesOf(observation: ObservationEvent | null): string[] {
  const urls =
    observation?.observation === "browse"
      ? [observation.extras.screenshot]
      : observation?.observation === "mcp" || observation?.observation === "run_ipython"
        ? (observation.extras.image_urls ?? [])
        : [];
  return urls.filter(isShowable);
}

function Block({ text }: { text: string }) {
  return (
    <Clipped
      text={text}
      limit={12}
      keep="start"
      buttonClassName="border-line text-muted hover:bg-panel hover:text-ink"
      render={(part) => (
        <pre
          tabIndex={0}
          className="max-h-[26rem] overflow-auto px-3.5 py-2.5 font-mono text-[0.8125rem] leading-5 whitespace-pre-wrap [overflow-wrap:anywhere]"
        >
          {part}
        </pre>
      )}
    />
  );
}

/** Code of a cell or what it printed, on the ground that commands have. */
function Cell({ text, keep, children }: { text: string; keep: "start" | "end"; children: (part: string) => ReactNode }) {
  return (
    <div className="border-t border-term-line bg-term text-term-ink first:border-t-0">
      <Clipped
        text={text}
        limit={CELL_LINES}
        keep={keep}
        buttonClassName="border-term-line text-term-muted hover:text-term-ink"
        render={(part) => (
          <pre
            tabIndex={0}
            className="max-h-[26rem] overflow-auto px-3.5 py-2.5 font-mono text-[0.8125rem] leading-5 whitespace-pre-wrap [overflow-wrap:anywhere] focus-visible:-outline-offset-2"
          >
            {children(part)}
          </pre>
        )}
      />
    </div>
  );
}

/** A step with no card of its own: what went in and what came out. */
export function ToolCard({ row, action, liveOutput }: { row: StepRow; action: ToolAction; liveOutput: string }) {
  const { icon, verb, what, input } = describe(action);
  const { observation } = row;
  const isCell = action.action === "run_ipython";
  const isPage = action.action === "browse" || action.action === "browse_interactive";
  const output = (observation === null ? liveOutput : observation.content).trim();
  const failed = observation?.observation === "error" || observation?.observation === "user_rejected";
  const pictures = picturesOf(observation);
  const hasBody = input !== "" || output !== "" || pictures.length > 0;
  return (
    <Card
      icon={icon}
      title={
        <>
          <span className="text-muted">{verb}</span> {what}
        </>
      }
      aside={
        observation === null ? (
          <Spinner className="size-3.5 text-muted" />
        ) : failed ? (
          <span className="text-xs font-medium text-bad">{m.chat.tool.failed}</span>
        ) : null
      }
    >
      {hasBody && (
        <>
          {input !== "" && !isCell && <Block text={input} />}
          {input !== "" && isCell && (
            <Cell text={input} keep="start">
              {(code) => <ColoredCode code={code} language="python" />}
            </Cell>
          )}
          {pictures.map((picture, at) => (
            // The same picture may be there twice.
            <Picture
              key={`${String(at)} ${picture.slice(-32)}`}
              address={picture}
              link={isKept(picture) ? picture : null}
              {...(isPage ? { size: PAGE_SIZE } : {})}
              alt={isPage ? m.chat.tool.screenshot : m.chat.tool.picture}
              className={`max-h-96 w-full border-t border-line object-contain first:border-t-0 ${isCell ? "bg-white" : ""}`}
            />
          ))}
          {output !== "" && isCell && (
            <Cell text={output} keep={observation === null ? "end" : "start"}>
              {(part) => <TerminalText text={part} />}
            </Cell>
          )}
          {output !== "" && !isCell && (
            <div className={`${input === "" ? "" : "border-t border-line"} bg-sunken ${failed ? "text-bad" : ""}`}>
              <Block text={output} />
            </div>
          )}
        </>
      )}
    </Card>
  );
}
