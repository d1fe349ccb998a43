import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";

import { conversationById, conversationKeys, isJoinable, startConversation, type Conversation } from "@/api/conversations";
import { describeError } from "@/api/http";
import { configQuery, effectiveModel, settingsQuery } from "@/api/settings";
import { Button } from "@/components/button";
import { Composer } from "@/components/composer";
import { Icon, Spinner } from "@/components/icons";
import { isWorking } from "@/conversation/selectors";
import type { ConversationView } from "@/conversation/view";
import { explain, stateInWords, statusInWords } from "@/conversation/words";
import type { ErrorNotice } from "@/wire/decode";
import { openSocket } from "@/wire/open-socket";
import type { OutboxEntry, OutgoingAction } from "@/wire/outbox";

import { AgentBar } from "./agent-bar";
import { ConnectionBanner } from "./connection-banner";
import { StatusLine } from "./status-line";
import { Transcript } from "./transcript";
import { useConversation, type LiveConversation } from "./use-conversation";

interface ChatPageProps {
  id: string;
  /** The button that opens the list of conversations on a narrow page. */
  menu: ReactNode;
  onUnknown: () => void;
}

/** A conversation: started if it is stopped, joined as soon as it can be. */
export function ChatPage({ id, menu, onUnknown }: ChatPageProps) {
  const queries = useQueryClient();
  const conversation = useQuery(conversationById(id));
  const start = useMutation({
    mutationFn: () => startConversation(id),
    onSuccess: () => queries.invalidateQueries({ queryKey: conversationKeys.one(id) }),
  });
  const { data } = conversation;

  useEffect(() => {
    if (data === null) onUnknown();
  }, [data, onUnknown]);

  // A conversation that was opened starts once; if it ends later, that is for the person to undo.
  const [wasJoinable, setWasJoinable] = useState(false);
  if (data != null && isJoinable(data) && !wasJoinable) setWasJoinable(true);
  const { mutate, isIdle } = start;
  const mustStart = data?.status === "STOPPED" && !wasJoinable && isIdle;
  useEffect(() => {
    if (mustStart) mutate();
  }, [mustStart, mutate]);

  const resume = useMutation({
    mutationFn: async () => {
      await startConversation(id);
      for (let tries = 0; tries < 120; tries += 1) {
        const now = await queries.query({ ...conversationById(id), staleTime: 0 });
        if (now !== null && isJoinable(now)) return;
        await new Promise((done) => setTimeout(done, 500));
      }
      throw new Error("The conversation did not start within a minute.");
    },
  });

  const live = useConversation({ id, key: data?.sessionKey ?? null, isReady: wasJoinable, openSocket });
  const { title } = live.view;
  useEffect(() => {
    if (title !== null) void queries.invalidateQueries({ queryKey: conversationKeys.one(id) });
  }, [title, id, queries]);
  // The list shows the same title and state as this page.
  const shown = data == null ? "" : `${data.title} ${data.status} ${data.runtimeStatus}`;
  useEffect(() => {
    if (shown !== "") void queries.invalidateQueries({ queryKey: conversationKeys.list });
  }, [shown, queries]);

  const hasEnded = live.connection.kind === "ended";
  useEffect(() => {
    if (hasEnded) void queries.invalidateQueries({ queryKey: conversationKeys.one(id) });
  }, [hasEnded, id, queries]);

  const failure = conversation.error ?? start.error ?? resume.error;
  return (
    <ChatView
      id={id}
      menu={menu}
      title={title ?? data?.title ?? ""}
      live={live}
      opening={wasJoinable ? null : <Opening conversation={data ?? null} />}
      failure={failure === null ? null : describeError(failure)}
      isResuming={resume.isPending}
      onRetry={() => {
        void conversation.refetch();
        if (start.isError) start.mutate();
      }}
      onResume={() => resume.mutate(undefined, { onSuccess: live.reconnect })}
    />
  );
}

function Opening({ conversation }: { conversation: Conversation | null }) {
  const words = conversation?.runtimeStatus ? statusInWords(conversation.runtimeStatus) : null;
  return (
    <div className="flex flex-1 items-center justify-center gap-3 text-sm text-muted" role="status">
      <Spinner className="size-5 text-accent" />
      {conversation?.status === "ERROR" ? "This conversation could not be started." : `${words ?? "Opening"}…`}
    </div>
  );
}

interface ChatViewProps {
  id: string;
  menu: ReactNode;
  title: string;
  live: LiveConversation;
  /** Shown instead of the transcript until the conversation is open. */
  opening: ReactNode;
  failure: string | null;
  isResuming: boolean;
  onRetry: () => void;
  onResume: () => void;
}

function ChatView({ id, menu, title, live, opening, failure, isResuming, onRetry, onResume }: ChatViewProps) {
  const { view, outbox, connection, send, discard } = live;
  const settings = useQuery(settingsQuery);
  const config = useQuery(configQuery);
  const working = isWorking(view);
  useEscape(working, () => send({ kind: "state", state: "stopped" }));
  useDocumentTitle(title, view.agentState === null ? null : stateInWords(view.agentState));

  const act = (action: OutgoingAction) => {
    send(action);
    if (connection.kind === "ended" && !isResuming) onResume();
  };
  return (
    <main className="flex h-full min-w-0 flex-1 flex-col">
      <header className="flex h-14 shrink-0 items-center gap-2 border-b border-line px-3 sm:px-5">
        {menu}
        <h1 className="min-w-0 flex-1 truncate text-[0.9375rem] font-semibold">{title}</h1>
      </header>
      {config.data?.sandboxNotice && (
        <p className="flex items-center gap-2 border-b border-line bg-warn-soft px-4 py-1.5 text-xs text-warn sm:px-5">
          <Icon name="warning" /> {config.data.sandboxNotice}
        </p>
      )}
      <div className="relative flex min-h-0 flex-1 flex-col">
        <ConnectionBanner
          connection={connection}
          why={reasonOfEnd(view)}
          isResuming={isResuming}
          onResume={onResume}
          onRetry={live.reconnect}
        />
        {opening ?? (
          <Transcript
            view={view}
            outbox={outbox}
            onDiscard={discard}
            onRetry={(clientId, text) => {
              discard(clientId);
              act({ kind: "message", text });
            }}
          />
        )}
      </div>
      <div className="mx-auto w-full max-w-3xl shrink-0 px-3 pb-[max(0.25rem,env(safe-area-inset-bottom))] sm:px-6">
        {failure !== null && (
          <p role="alert" className="mb-1 flex items-center gap-3 rounded-xl bg-bad-soft px-4 py-2 text-sm text-bad">
            <span className="flex-1">{failure}</span>
            <Button onClick={onRetry} className="min-h-8">
              Try again
            </Button>
          </p>
        )}
        {view.notice !== null && !outbox.some((entry) => isRefusedWith(entry, view.notice)) && (
          <p role="alert" className="mb-1 rounded-xl bg-bad-soft px-4 py-2 text-sm text-bad">
            {view.notice.message}
          </p>
        )}
        <AgentBar view={view} hasEnded={connection.kind === "ended"} onSend={act} />
        <Composer
          key={id}
          draftKey={`openhands.draft.${id}`}
          label="Message to the agent"
          placeholder={working ? "Add something or change course…" : "What should be done next?"}
          rows={1}
          busy={opening !== null}
          onSend={(text) => act({ kind: "message", text })}
        />
        <StatusLine view={view} connection={connection} model={effectiveModel(settings.data, config.data)} />
      </div>
    </main>
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

/** Runs `action` on Esc, unless the key already meant something to a dialog. */
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

function useDocumentTitle(title: string, state: string | null): void {
  useEffect(() => {
    document.title = [state, title || "OpenHands"].filter(Boolean).join(" · ");
    return () => {
      document.title = "OpenHands";
    };
  }, [title, state]);
}
