import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link } from "react-router";

import { conversationList, isJoinable, type Conversation } from "@/api/conversations";
import { describeError } from "@/api/http";
import { IconButton } from "@/components/button";
import { Icon } from "@/components/icons";
import { relativeTime } from "@/lib/format";

import { ConversationDialog } from "./conversation-dialog";

interface ConversationListProps {
  currentId: string | null;
  onDeleted: (id: string) => void;
}

/** All conversations, newest first. */
export function ConversationList({ currentId, onDeleted }: ConversationListProps) {
  const list = useQuery(conversationList);
  const [edited, setEdited] = useState<Conversation | null>(null);
  const now = useMinute();

  if (list.isPending) return <Placeholder />;
  if (list.data === undefined) {
    return <p className="px-4 py-3 text-sm text-bad">The list could not be loaded. {describeError(list.error)}</p>;
  }
  if (list.data.length === 0) {
    return <p className="px-4 py-3 text-sm text-muted">No conversations yet. Yours will be listed here.</p>;
  }
  return (
    <nav aria-label="Conversations" className="px-2 pt-0.5 pb-4">
      <ul className="space-y-0.5">
        {list.data.map((conversation) => (
          <ListItem
            key={conversation.id}
            conversation={conversation}
            isCurrent={conversation.id === currentId}
            now={now}
            onEdit={() => setEdited(conversation)}
          />
        ))}
      </ul>
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
    </nav>
  );
}

interface ListItemProps {
  conversation: Conversation;
  isCurrent: boolean;
  now: number;
  onEdit: () => void;
}

function ListItem({ conversation, isCurrent, now, onEdit }: ListItemProps) {
  const { id, title, updatedAt } = conversation;
  return (
    <li
      className={`group flex items-center rounded-lg transition-colors ${isCurrent ? "bg-raised shadow-xs ring-1 ring-line" : "hover:bg-raised/70"}`}
    >
      <Link
        to={`/conversations/${encodeURIComponent(id)}`}
        aria-current={isCurrent ? "page" : undefined}
        className="min-w-0 flex-1 rounded-lg px-3 py-2"
      >
        <span className="block truncate text-sm font-medium">{title}</span>
        <span className="flex items-center gap-1.5 text-xs text-muted">
          <StatusDot conversation={conversation} />
          {relativeTime(updatedAt, now)}
        </span>
      </Link>
      <IconButton
        label={`Rename or delete “${title}”`}
        onClick={onEdit}
        className="mr-1 size-8 opacity-60 group-hover:opacity-100 focus-visible:opacity-100 sm:opacity-0"
      >
        <Icon name="more" />
      </IconButton>
    </li>
  );
}

function StatusDot({ conversation }: { conversation: Conversation }) {
  const { status } = conversation;
  if (isJoinable(conversation)) return <Dot className="bg-ok" text="Open" />;
  if (status === "STARTING" || status === "RUNNING") return <Dot className="animate-pulse bg-warn" text="Starting" />;
  if (status === "ERROR") return <Dot className="bg-bad" text="Failed" />;
  return <Dot className="border border-line-strong" text="Closed" />;
}

function Dot({ className, text }: { className: string; text: string }) {
  return (
    <span className="flex items-center" title={text}>
      <span className={`size-1.5 rounded-full ${className}`} />
      <span className="sr-only">{text},</span>
    </span>
  );
}

function Placeholder() {
  return (
    <div className="space-y-2 px-4 py-1" aria-label="Loading conversations" role="status">
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
