import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import type { Conversation } from "@/api/conversations";
import { configQuery, effectiveModel, settingsQuery } from "@/api/settings";
import { uploadFiles } from "@/api/uploads";
import { Button, IconButton } from "@/components/button";
import type { Command } from "@/components/command-menu";
import { Composer } from "@/components/composer";
import { Icon, Spinner } from "@/components/icons";
import { NextStep } from "@/components/next-step";
import type { PanelProps } from "@/conversation/panels";
import { isWorking } from "@/conversation/selectors";
import type { ConversationView } from "@/conversation/view";
import { explain, statusInWords } from "@/conversation/words";
import { m } from "@/i18n/language";
import { sortFiles } from "@/lib/read-file";
import type { Connection } from "@/wire/conversation-socket";
import type { ErrorNotice } from "@/wire/decode";
import type { OutboxEntry } from "@/wire/outbox";

import { AgentBar } from "./agent-bar";
import { ApprovalCard } from "./approval-card";
import { ConnectionBanner } from "./connection-banner";
import { StatusLine } from "./status-line";
import { Transcript } from "./transcript";
import { TrustNotice } from "./trust-notice";

interface ChatPanelProps extends PanelProps {
  live: {
    outbox: readonly OutboxEntry[];
    connection: Connection;
    isRead: boolean;
    discard: (clientId: string) => void;
    reconnect: () => void;
    readBackTo: (eventId: number) => void;
  };
  session: {
    conversation: Conversation | null | undefined;
    wasJoinable: boolean;
    failure: string | null;
    isResuming: boolean;
    retry: () => void;
  };
  /** The event that the address points at. */
  target: number | null;
  /** Grows each time somebody asks for an event, be it the same one. */
  timesAsked: number;
  /** What a text that begins with a slash may run. */
  commands: readonly Command[];
  onCopyLink: (eventId: number) => void;
  onResume: () => void;
  /** Is the chat to be seen now, or does a panel cover it? */
  isShown: boolean;
}

/** What was said and done, and the field to say more. */
export function ChatPanel(props: ChatPanelProps) {
  const { conversationId: id, view, send, live, session, target, isShown, onResume } = props;
  const { outbox, connection, discard } = live;
  const settings = useQuery(settingsQuery);
  const config = useQuery(configQuery);
  const model = effectiveModel(settings.data, config.data);
  const working = isWorking(view);
  useEscape(working, () => send({ kind: "state", state: "stopped" }));
  const say = async (text: string, files: File[]) => {
    const { pictures, others } = await sortFiles(files);
    const paths = others.length === 0 ? [] : await uploadFiles(id, others);
    send({ kind: "message", text, images: pictures, files: paths });
  };
  const [dismissed, setDismissed] = useState<ErrorNotice | null>(null);
  const isOpening = !live.isRead || (!session.wasJoinable && view.rows.length === 0);
  return (
    <div className="flex h-full min-h-0 min-w-0 flex-1 flex-col">
      <div className="relative flex min-h-0 flex-1 flex-col">
        <ConnectionBanner
          connection={connection}
          why={reasonOfEnd(view)}
          isResuming={session.isResuming}
          onResume={onResume}
          onRetry={live.reconnect}
        />
        {isOpening ? (
          <Opening conversation={session.conversation ?? null} />
        ) : (
          <Transcript
            view={view}
            outbox={outbox}
            isReadingEarlier={props.isReadingEarlier}
            target={target}
            timesAsked={props.timesAsked}
            isShown={isShown}
            onReadEarlier={props.readEarlier}
            onReadBackTo={live.readBackTo}
            onDiscard={(clientId) => {
              discard(clientId);
              setDismissed(view.notice);
            }}
            onRetry={(clientId, action) => {
              discard(clientId);
              send(action);
            }}
            onCopyLink={props.onCopyLink}
          />
        )}
      </div>
      <div className="mx-auto w-full max-w-3xl shrink-0 px-3 pb-[max(0.25rem,env(safe-area-inset-bottom))] sm:px-6">
        {session.failure !== null && (
          <p role="alert" className="mb-1 flex items-center gap-3 rounded-xl bg-bad-soft px-4 py-2 text-sm text-bad">
            <span className="flex-1">{session.failure}</span>
            <Button onClick={session.retry} className="min-h-8">
              {m.common.tryAgain}
            </Button>
          </p>
        )}
        {view.notice !== null && view.notice !== dismissed && !outbox.some((entry) => isRefusedWith(entry, view.notice)) && (
          <p role="alert" className="mb-1 flex items-center gap-2 rounded-xl bg-bad-soft py-1 pr-1 pl-4 text-sm text-bad">
            <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">{view.notice.message}</span>
            <IconButton label={m.common.close} onClick={() => setDismissed(view.notice)} className="!size-8 text-bad">
              <Icon name="close" className="size-3.5" />
            </IconButton>
          </p>
        )}
        {view.agentState === "finished" && model === "demo" && (
          <NextStep text={m.chat.demoEnded} action={m.common.ownModel} to="/settings/model" className="mb-2" />
        )}
        <TrustNotice conversationId={id} isLive={props.isLive} />
        <ApprovalCard view={view} onSend={send} />
        <AgentBar view={view} hasEnded={connection.kind === "ended"} onSend={send} />
        <Composer
          key={id}
          draftKey={`openhands.draft.${id}`}
          label={m.chat.composer.label}
          placeholder={working ? m.chat.composer.placeholderWorking : m.chat.composer.placeholder}
          rows={1}
          busy={false}
          commands={props.commands}
          onSend={say}
        />
        <StatusLine
          view={view}
          conversation={session.conversation ?? null}
          connection={connection}
          model={model}
        />
      </div>
    </div>
  );
}

function Opening({ conversation }: { conversation: Conversation | null }) {
  const words = conversation?.runtimeStatus ? statusInWords(conversation.runtimeStatus) : null;
  return (
    <div className="flex flex-1 items-center justify-center gap-3 text-sm text-muted" role="status">
      <Spinner className="size-5 text-accent" />
      {conversation?.status === "ERROR" ? m.chat.couldNotStart : `${words ?? m.chat.opening}…`}
    </div>
  );
}

function reasonOfEnd(view: ConversationView): string | null {
  if (view.status?.id !== "AGENT_ERROR$TOO_MANY_CONVERSATIONS") return null;
  const { title, help } = explain(view.status.id);
  return `${title}. ${help}`;
}

/** Is this notice already shown beside the message that it is about? */
function isRefusedWith({ delivery }: OutboxEntry, notice: ErrorNotice | null): boolean {
  return delivery.kind === "refused" && delivery.message === notice?.message;
}

/** Runs `action` on Esc, unless the key already meant something to a dialog or a field. */
function useEscape(isActive: boolean, action: () => void): void {
  useEffect(() => {
    if (!isActive) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
      if (document.querySelector("dialog[open]") !== null) return;
      action();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  });
}
