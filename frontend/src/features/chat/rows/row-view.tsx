import { memo } from "react";

import { Markdown } from "@/components/markdown";
import type { Row, StepRow } from "@/conversation/view";
import { m } from "@/i18n/language";
import { assertNever } from "@/lib/guards";

import { FileCard } from "./file-card";
import { AgentMessage, UserMessage } from "./message-row";
import { Disclosure, Divider, ErrorRow, FailedRow, FinishCard, OtherRow, ThinkRow } from "./notice-rows";
import { RunCard } from "./run-card";
import { TaskCard } from "./task-card";
import { ToolCard } from "./tool-card";

interface RowViewProps {
  row: Row;
  /** Output of this row's command so far, while it runs. */
  liveOutput: string;
  /** Is it a message that the agent has yet to read? */
  isQueued: boolean;
}

/** One row of a conversation. Rows are immutable, so only those that changed are drawn again. */
export const RowView = memo(function RowView({ row, liveOutput, isQueued }: RowViewProps) {
  switch (row.kind) {
    case "user_message":
      return <UserMessage event={row.event} isQueued={isQueued} />;
    case "agent_message":
      return <AgentMessage text={row.event.args.content || row.event.message} />;
    case "think":
      return <ThinkRow thought={row.thought} />;
    case "finish":
      return <FinishCard text={row.text} thought={row.thought} />;
    case "reject":
      return <ErrorRow text={row.text} errorId="" />;
    case "system":
      return <Disclosure label={m.chat.systemPrompt(row.toolCount)} text={row.content} />;
    case "condensed":
      return row.summary === null ? (
        <Divider text={m.chat.dropped} />
      ) : (
        <Disclosure label={m.chat.summedUp} text={row.summary} />
      );
    case "error":
      return <ErrorRow text={row.text} errorId={row.errorId} />;
    case "failed":
      return <FailedRow reason={row.reason} />;
    case "stopped":
      return <Divider text={m.chat.stopped} />;
    case "other":
      return <OtherRow event={row.event} />;
    case "step":
      return <StepView row={row} liveOutput={liveOutput} />;
    default:
      return assertNever(row);
  }
});

function StepView({ row, liveOutput }: { row: StepRow; liveOutput: string }) {
  const { thought } = row.action.args;
  return (
    <div className="space-y-3">
      {thought.trim() !== "" && <Markdown text={thought} />}
      <StepCard row={row} liveOutput={liveOutput} />
    </div>
  );
}

function StepCard({ row, liveOutput }: { row: StepRow; liveOutput: string }) {
  const { action } = row;
  switch (action.action) {
    case "run":
      return <RunCard row={row} action={action} liveOutput={liveOutput} />;
    case "read":
    case "write":
    case "edit":
      return <FileCard row={row} action={action} />;
    case "task_tracking":
      return <TaskCard action={action} />;
    case "run_ipython":
    case "browse":
    case "browse_interactive":
    case "call_tool_mcp":
    case "delegate":
      return <ToolCard row={row} action={action} liveOutput={liveOutput} />;
    default:
      return assertNever(action);
  }
}
