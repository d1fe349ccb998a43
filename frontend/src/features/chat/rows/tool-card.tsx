import { Clipped } from "@/components/clipped";
import { ColoredCode } from "@/components/code-block";
import { Spinner, type IconName } from "@/components/icons";
import type { StepAction, StepRow } from "@/conversation/view";
import { m } from "@/i18n/language";
import type { ObservationEvent } from "@/wire/generated/events";

import { Card } from "./card";

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

/** Only pictures that came with the event: one from elsewhere would tell its host who is looking. */
function picturesOf(observation: ObservationEvent | null): string[] {
  const urls =
    observation?.observation === "browse"
      ? [observation.extras.screenshot]
      : observation?.observation === "mcp" || observation?.observation === "run_ipython"
        ? (observation.extras.image_urls ?? [])
        : [];
  return urls.filter((url) => url.startsWith("data:image/"));
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

/** The code of a cell, on the ground that commands have. */
function Cell({ code }: { code: string }) {
  return (
    <div className="bg-term text-term-ink">
      <Clipped
        text={code}
        limit={20}
        keep="start"
        buttonClassName="border-term-line text-term-muted hover:bg-term-line hover:text-term-ink"
        render={(part) => (
          <pre
            tabIndex={0}
            className="max-h-[26rem] overflow-auto px-3.5 py-2.5 font-mono text-[0.8125rem] leading-5 focus-visible:-outline-offset-2"
          >
            <ColoredCode code={part} language="python" />
          </pre>
        )}
      />
    </div>
  );
}

/** A step with no card of its own: what went in and what came out. */
export function ToolCard({ row, action }: { row: StepRow; action: ToolAction }) {
  const { icon, verb, what, input } = describe(action);
  const { observation } = row;
  const output = observation === null ? "" : observation.content.trim();
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
          {input !== "" && (action.action === "run_ipython" ? <Cell code={input} /> : <Block text={input} />)}
          {pictures.map((picture, at) => (
            // The same picture may be there twice.
            <img
              key={`${String(at)} ${picture.slice(-32)}`}
              src={picture}
              alt={action.action.startsWith("browse") ? m.chat.tool.screenshot : m.chat.tool.picture}
              className={`max-h-96 w-full border-t border-line object-contain first:border-t-0 ${action.action === "run_ipython" ? "bg-white" : ""}`}
            />
          ))}
          {output !== "" && (
            <div className={`${input === "" ? "" : "border-t border-line"} bg-sunken ${failed ? "text-bad" : ""}`}>
              <Block text={output} />
            </div>
          )}
        </>
      )}
    </Card>
  );
}
