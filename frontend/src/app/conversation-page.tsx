import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useSearchParams } from "react-router";

import { conversationKeys } from "@/api/conversations";
import { configQuery, settingsQuery } from "@/api/settings";
import { downloadTrajectory } from "@/api/trajectory";
import { IconButton } from "@/components/button";
import type { Command } from "@/components/command-menu";
import { Icon } from "@/components/icons";
import { Split } from "@/components/split";
import { Tabs } from "@/components/tabs";
import { Toast } from "@/components/toast";
import type { PanelProps } from "@/conversation/panels";
import { attention } from "@/conversation/selectors";
import { stateInWords } from "@/conversation/words";
import { ChatPanel } from "@/features/chat/chat-panel";
import { m } from "@/i18n/language";
import { copyText } from "@/lib/copy-text";
import { markSeen } from "@/lib/seen";
import { readStored, writeStored } from "@/lib/stored-text";
import { useHotkeys } from "@/lib/use-hotkeys";
import { useMedia } from "@/lib/use-media";
import { openSocket } from "@/wire/open-socket";
import type { OutgoingAction } from "@/wire/outbox";

import { useOfferedCommands } from "./page-commands";
import { useAttention } from "./use-attention";
import { restHistory, useConversation } from "./use-conversation";
import { useSession } from "./use-session";
import { isPanelName, PANELS, WorkspacePanel, type PanelName } from "./workspace-panel";

interface ConversationPageProps {
  id: string;
  /** The button that opens the list of conversations where it does not fit. */
  menu: ReactNode;
  onUnknown: () => void;
}

/** A conversation: the chat, and the workspace beside it where there is room. */
export function ConversationPage({ id, menu, onUnknown }: ConversationPageProps) {
  const queries = useQueryClient();
  const session = useSession(id);
  const { conversation, wasJoinable } = session;
  useEffect(() => {
    if (conversation === null) onUnknown();
  }, [conversation, onUnknown]);

  const live = useConversation({
    id,
    key: conversation?.sessionKey ?? null,
    isReady: wasJoinable,
    agentState: conversation?.agentState ?? null,
    openSocket,
    history: restHistory,
  });
  const { view, connection, reconnect } = live;
  const hasEnded = connection.kind === "ended";
  const changed = `${view.title} ${hasEnded}`;
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: conversationKeys.one(id) });
  }, [changed, id, queries]);

  const title = view.title ?? conversation?.title ?? "";
  const needed = attention(view);
  useDocumentTitle(title, view.agentState === null ? null : stateInWords(view.agentState), needed === "approval");
  const settings = useQuery(settingsQuery);
  const hasSound = settings.data?.hasSound === true;
  useAttention({ id, title, attention: needed, since: view.stateEventId, isKnown: live.isRead && view.agentState !== null, hasSound });
  useSeen(id, view.lastEventId);

  const act = (action: OutgoingAction) => {
    live.send(action);
    if (hasEnded && !session.isResuming) session.resume(reconnect);
  };

  const [params, setParams] = useSearchParams();
  const target = eventIdOf(params.get("event"));
  const isWide = useMedia("(min-width: 64rem)");
  const [timesAsked, setTimesAsked] = useState(0);
  const showEvent = useCallback(
    (eventId: number) => {
      setTimesAsked((last) => last + 1);
      setParams((last) => {
        last.set("event", String(eventId));
        // Where there is no room for both, a panel covers the chat.
        if (!isWide) last.delete("tab");
        return last;
      });
    },
    [isWide, setParams],
  );
  const [panel, selectPanel] = usePanel(isWide);
  const [note, setNote] = useState<string | null>(null);
  const sayCopied = useCallback(
    (isCopied: boolean) => setNote(isCopied ? m.shell.linkCopied : m.shell.linkNotCopied),
    [],
  );

  const { agentState } = view;
  const { send } = live;
  const commands = useMemo<readonly Command[]>(() => {
    const words = m.chat.commands;
    const to = (state: "stopped" | "paused" | "running") => () => send({ kind: "state", state });
    const isBusy = agentState === "running" || agentState === "rate_limited";
    const isHalted = agentState === "stopped" || agentState === "paused";
    return [
      ...(isBusy ? [{ name: "stop", title: words.stop, run: to("stopped") }] : []),
      ...(isBusy ? [{ name: "pause", title: words.pause, run: to("paused") }] : []),
      ...(isHalted ? [{ name: "resume", title: words.resume, run: to("running") }] : []),
      ...PANELS.map((name) => ({ name, title: words[name], run: () => selectPanel(name) })),
    ];
  }, [agentState, send, selectPanel]);
  const pageCommands = useMemo<readonly Command[]>(
    () => [
      ...commands,
      { name: "link", title: m.shell.palette.copyLink, run: () => void copyText(linkTo(null)).then(sayCopied) },
      { name: "export", title: m.shell.export, run: () => void downloadTrajectory(id) },
    ],
    [commands, id, sayCopied],
  );
  useOfferedCommands(pageCommands);
  useHotkeys({
    ...Object.fromEntries(PANELS.map((name, at) => [`alt+${at + 1}`, () => selectPanel(name)])),
    "alt+0": () => selectPanel(panel === null ? "terminal" : null),
  });

  const props: PanelProps = {
    conversationId: id,
    view,
    isLive: wasJoinable && !hasEnded,
    send: act,
    readEarlier: live.readEarlier,
    isReadingEarlier: live.isReadingEarlier,
    showEvent,
  };
  const chat = (
    <ChatPanel
      {...props}
      live={live}
      session={session}
      target={target}
      timesAsked={timesAsked}
      commands={commands}
      onCopyLink={(eventId) => void copyText(linkTo(eventId)).then(sayCopied)}
      onResume={() => session.resume(reconnect)}
      isShown={isWide || panel === null}
    />
  );
  return (
    <main className="flex h-full min-w-0 flex-1 flex-col">
      <header className="flex h-14 shrink-0 items-center gap-2 border-b border-line px-3 sm:px-5">
        {menu}
        <h1 className="min-w-0 flex-1 truncate text-[0.9375rem] font-semibold">{title}</h1>
        {isWide && panel === null && (
          <IconButton label={m.workspace.open} onClick={() => selectPanel("terminal")}>
            <Icon name="panel" />
          </IconButton>
        )}
      </header>
      <SandboxNotice />
      {!isWide && (
        <Tabs
          label={m.workspace.label}
          tabs={[{ id: "chat", label: m.chat.title }, ...PANELS.map((name) => ({ id: name, label: m.workspace.tabs[name] }))]}
          current={panel ?? "chat"}
          onSelect={(tab) => selectPanel(isPanelName(tab) ? tab : null)}
          className="overflow-x-auto border-b border-line bg-panel px-2 py-1.5"
        />
      )}
      {/* The chat stays in one place whatever is beside or before it: attachments and scroll position are kept. */}
      <Split
        storageKey="openhands.split"
        label={m.workspace.divider}
        left={
          <div
            {...(isWide ? {} : { id: "panel-chat", role: "tabpanel", "aria-labelledby": "tab-chat" })}
            className="flex min-h-0 min-w-0 flex-1 flex-col"
          >
            {chat}
          </div>
        }
        right={
          panel === null ? null : (
            <WorkspacePanel {...props} current={panel} onSelect={selectPanel} onClose={isWide ? () => selectPanel(null) : null} />
          )
        }
        isLeftShown={isWide || panel === null}
      />
      <Toast text={note} onGone={() => setNote(null)} />
    </main>
  );
}

function SandboxNotice() {
  const config = useQuery(configQuery);
  if (!config.data?.sandboxNotice) return null;
  return (
    <p className="flex items-center gap-2 border-b border-line bg-warn-soft px-4 py-1.5 text-xs text-warn sm:px-5">
      <Icon name="warning" /> {config.data.sandboxNotice}
    </p>
  );
}

const PANEL_KEY = "openhands.panel";
const CLOSED = "none";

/** Which panel is open: the address says it, else what was open last; a narrow page begins with the chat. */
function usePanel(isWide: boolean): [PanelName | null, (panel: PanelName | null) => void] {
  const [params, setParams] = useSearchParams();
  const [stored, setStored] = useState(() => readStored(PANEL_KEY) || "terminal");
  const named = params.get("tab") ?? (isWide ? stored : CLOSED);
  const select = useCallback(
    (panel: PanelName | null) => {
      setParams(
        (last) => {
          if (panel === null) last.delete("tab");
          else last.set("tab", panel);
          return last;
        },
        { replace: true },
      );
      if (!isWide) return;
      setStored(panel ?? CLOSED);
      writeStored(PANEL_KEY, panel ?? CLOSED);
    },
    [isWide, setParams],
  );
  return [isPanelName(named) ? named : null, select];
}

/** The address of this page, with an event pointed out if one is named. */
function linkTo(eventId: number | null): string {
  const address = new URL(location.href);
  if (eventId === null) address.searchParams.delete("event");
  else address.searchParams.set("event", String(eventId));
  address.searchParams.delete("tab");
  return address.href;
}

const NOTE_SEEN_MS = 1000;

/** Notes what was seen, now and then: events may come many times a second. */
function useSeen(id: string, lastEventId: number): void {
  const latest = useRef(lastEventId);
  useEffect(() => {
    latest.current = lastEventId;
  });
  useEffect(() => {
    let noted = -1;
    const note = () => {
      if (document.hidden || latest.current === noted) return;
      noted = latest.current;
      markSeen(id, noted);
    };
    const timer = setInterval(note, NOTE_SEEN_MS);
    document.addEventListener("visibilitychange", note);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", note);
      note();
    };
  }, [id]);
}

function eventIdOf(text: string | null): number | null {
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null;
}

/** The title of the tab; a dot says that somebody is waited for. */
function useDocumentTitle(title: string, state: string | null, isUrgent: boolean): void {
  useEffect(() => {
    const words = [state, title || m.shell.name].filter(Boolean).join(" · ");
    document.title = isUrgent ? `● ${words}` : words;
    return () => {
      document.title = m.shell.name;
    };
  }, [title, state, isUrgent]);
}
