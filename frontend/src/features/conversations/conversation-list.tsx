import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link } from "react-router";

import { conversationPages, isJoinable, type Conversation } from "@/api/conversations";
import { describeError } from "@/api/http";
import { IconButton } from "@/components/button";
import { Icon } from "@/components/icons";
import { m } from "@/i18n/language";
import { relativeTime } from "@/lib/format";
import { isUnread, readSeen } from "@/lib/seen";

import { ConversationDialog } from "./conversation-dialog";

interface ConversationListProps {
  currentId: string | null;
  onDeleted: (id: string) => void;
}

/** With fewer conversations than this there is nothing to search. */
const SEARCH_FROM = 6;

/** All conversations, newest first. */
export function ConversationList({ currentId, onDeleted }: ConversationListProps) {
  const pages = useInfiniteQuery(conversationPages);
  const [edited, setEdited] = useState<Conversation | null>(null);
  const [search, setSearch] = useState("");
  const now = useMinute();

  if (pages.isPending) return <Placeholder />;
  if (pages.data === undefined) {
    return <p className="px-4 py-3 text-sm text-bad">{m.conversations.notLoaded(describeError(pages.error))}</p>;
  }
  const all = pages.data.pages.flatMap((page) => page.conversations);
  if (all.length === 0) {
    return <p className="px-4 py-3 text-sm text-muted">{m.conversations.none}</p>;
  }
  const seen = readSeen();
  const wanted = search.trim().toLocaleLowerCase();
  const shown = all.filter(
    ({ title, repository }) =>
      title.toLocaleLowerCase().includes(wanted) || (repository ?? "").toLocaleLowerCase().includes(wanted),
  );
  return (
    <>
      {(all.length >= SEARCH_FROM || search !== "") && <Search text={search} onChange={setSearch} />}
      <nav aria-label={m.conversations.label} className="px-2 pt-0.5 pb-4">
        {shown.length === 0 && <p className="px-3 py-2 text-sm text-muted">{m.conversations.noneFound(search.trim())}</p>}
        <ul className="space-y-0.5">
          {shown.map((conversation) => (
            <ListItem
              key={conversation.id}
              conversation={conversation}
              isCurrent={conversation.id === currentId}
              now={now}
              seen={seen}
              onEdit={() => setEdited(conversation)}
            />
          ))}
        </ul>
        {pages.hasNextPage && (
          <button
            type="button"
            disabled={pages.isFetchingNextPage}
            onClick={() => void pages.fetchNextPage()}
            className="mt-1 w-full rounded-lg px-3 py-2 text-left text-sm text-muted hover:bg-raised hover:text-ink"
          >
            {m.conversations.more}
          </button>
        )}
      </nav>
      {edited !== null && (
        <ConversationDialog
          conversation={edited}
          onClose={() => setEdited(null)}
          onDeleted={() => {
            setEdited(null);
            onDeleted(edited.id);
          }}
        />
      )}
    </>
  );
}

function Search({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  return (
    <div className="relative mx-3 mb-2">
      <Icon name="search" className="pointer-events-none absolute top-2.5 left-2.5 size-3.5 text-muted" />
      <input
        type="search"
        value={text}
        aria-label={m.conversations.search}
        placeholder={m.conversations.search}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || text === "") return;
          event.preventDefault();
          event.stopPropagation();
          onChange("");
        }}
        className="h-8 w-full rounded-lg border border-line bg-raised pr-2 pl-8 text-base placeholder:text-muted sm:text-sm"
      />
    </div>
  );
}

interface ListItemProps {
  conversation: Conversation;
  isCurrent: boolean;
  now: number;
  seen: Record<string, number>;
  onEdit: () => void;
}

function ListItem({ conversation, isCurrent, now, seen, onEdit }: ListItemProps) {
  const { id, title, updatedAt, repository, lastEventId } = conversation;
  const hasNews = !isCurrent && isUnread(seen, id, lastEventId);
  return (
    <li
      className={`group flex items-center rounded-lg transition-colors ${isCurrent ? "bg-raised shadow-xs ring-1 ring-line" : "hover:bg-raised/70"}`}
    >
      <Link
        to={`/conversations/${encodeURIComponent(id)}`}
        aria-current={isCurrent ? "page" : undefined}
        className="min-w-0 flex-1 rounded-lg px-3 py-2"
      >
        <span className="flex items-center gap-2">
          <span className={`min-w-0 flex-1 truncate text-sm ${hasNews ? "font-semibold" : "font-medium"}`}>{title}</span>
          {hasNews && (
            <span className="size-2 shrink-0 rounded-full bg-accent" title={m.conversations.unread}>
              <span className="sr-only">{m.conversations.unread}</span>
            </span>
          )}
        </span>
        <span className="flex min-w-0 items-center gap-1.5 text-xs text-muted">
          <StatusDot conversation={conversation} />
          <span className="shrink-0">{relativeTime(updatedAt, now)}</span>
          {repository !== null && <span className="truncate">· {repository}</span>}
        </span>
      </Link>
      <IconButton
        label={m.conversations.renameOrDelete(title)}
        onClick={onEdit}
        className="mr-1 size-8 opacity-60 group-hover:opacity-100 focus-visible:opacity-100 sm:opacity-0"
      >
        <Icon name="more" />
      </IconButton>
    </li>
  );
}

/** What a conversation is at, in a color and a word. */
function statusOf(conversation: Conversation): { look: string; text: string } {
  const { status, agentState } = conversation;
  const words = m.conversations.states;
  if (status === "ERROR") return { look: "bg-bad", text: words.failed };
  if (!isJoinable(conversation)) {
    return status === "STARTING" || status === "RUNNING"
      ? { look: "animate-pulse bg-warn", text: words.starting }
      : { look: "border border-line-strong", text: words.closed };
  }
  switch (agentState) {
    case "running":
    case "rate_limited":
    case "user_confirmed":
      return { look: "animate-pulse bg-accent", text: words.working };
    case "awaiting_user_confirmation":
      return { look: "bg-warn", text: words.needsApproval };
    case "awaiting_user_input":
      return { look: "bg-ok", text: words.waiting };
    case "finished":
      return { look: "bg-ok", text: words.done };
    case "error":
      return { look: "bg-bad", text: words.failed };
    case null:
    case "loading":
    case "paused":
    case "stopped":
    case "rejected":
    case "user_rejected":
      return { look: "bg-ok", text: words.open };
  }
}

function StatusDot({ conversation }: { conversation: Conversation }) {
  const { look, text } = statusOf(conversation);
  return (
    <span className="flex shrink-0 items-center" title={text}>
      <span className={`size-1.5 rounded-full ${look}`} />
      <span className="sr-only">{text},</span>
    </span>
  );
}

function Placeholder() {
  return (
    <div className="space-y-2 px-4 py-1" aria-label={m.conversations.loading} role="status">
      {[0, 1, 2].map((at) => (
        <div key={at} className="h-11 animate-pulse rounded-lg bg-line/60" />
      ))}
    </div>
  );
}

/** The time, renewed every half minute so that “5 min ago” stays true. */
function useMinute(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
