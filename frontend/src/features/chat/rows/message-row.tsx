import { Icon } from "@/components/icons";
import { Markdown } from "@/components/markdown";
import { Picture } from "@/components/picture";
import { isKept, isShowable } from "@/conversation/pictures";
import type { ActionOf } from "@/conversation/view";
import { m } from "@/i18n/language";
import { clockTime } from "@/lib/format";
import type { OutboxEntry, OutgoingAction } from "@/wire/outbox";

type MessageAction = Extract<OutgoingAction, { kind: "message" }>;

function Bubble({ text, faded }: { text: string; faded: boolean }) {
  if (text === "") return null;
  return (
    <div
      className={`max-w-[85%] rounded-2xl rounded-br-md bg-accent-soft px-4 py-2.5 whitespace-pre-wrap [overflow-wrap:anywhere] ${faded ? "opacity-70" : ""}`}
    >
      {text}
    </div>
  );
}

/** Pictures and files that came with a message. Pictures from elsewhere are not fetched. */
function Attachments({ images, files }: { images: readonly string[]; files: readonly string[] }) {
  const shown = images.filter(isShowable);
  return (
    <>
      {shown.length > 0 && (
        <div className="flex max-w-[85%] flex-wrap justify-end gap-2">
          {shown.map((url, at) => (
            <Picture key={at} address={url} link={isKept(url) ? url : null} alt={m.chat.attached} className="max-h-64 rounded-xl border border-line" />
          ))}
        </div>
      )}
      {files.length > 0 && (
        <ul className="flex max-w-[85%] flex-wrap justify-end gap-1.5" aria-label={m.chat.attached}>
          {files.map((file) => (
            <li key={file} className="flex min-w-0 items-center gap-1.5 rounded-lg border border-line bg-raised px-2 py-0.5 text-xs">
              <Icon name="file" className="size-3.5 text-muted" />
              <span className="truncate">{file.slice(file.lastIndexOf("/") + 1)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

export function UserMessage({ event, isQueued }: { event: ActionOf<"message">; isQueued: boolean }) {
  return (
    <article aria-label={m.chat.you} className="flex flex-col items-end gap-1">
      <Bubble text={event.args.content} faded={false} />
      <Attachments images={event.args.image_urls ?? []} files={event.args.file_urls ?? []} />
      <p className="px-1 text-2xs text-muted">
        {isQueued && <span>{m.chat.queued} </span>}
        <time>{clockTime(event.timestamp)}</time>
      </p>
    </article>
  );
}

interface PendingMessageProps {
  entry: OutboxEntry;
  action: MessageAction;
  onDiscard: (clientId: string) => void;
  onRetry: (clientId: string, action: MessageAction) => void;
}

/** A message that the server has not confirmed yet, or has refused. */
export function PendingMessage({ entry, action, onDiscard, onRetry }: PendingMessageProps) {
  const { delivery, clientId } = entry;
  return (
    <article aria-label={m.chat.you} className="flex flex-col items-end gap-1">
      <Bubble text={action.text} faded />
      <Attachments images={action.images ?? []} files={action.files ?? []} />
      {delivery.kind === "refused" ? (
        <p role="alert" className="flex flex-wrap justify-end gap-x-3 px-1 text-xs text-bad">
          {m.chat.notSent(delivery.message)}
          <button type="button" className="font-medium underline" onClick={() => onRetry(clientId, action)}>
            {m.common.tryAgain}
          </button>
          <button type="button" className="font-medium underline" onClick={() => onDiscard(clientId)}>
            {m.chat.discard}
          </button>
        </p>
      ) : (
        <p className="px-1 text-2xs text-muted">{m.chat.sending}</p>
      )}
    </article>
  );
}

export function AgentMessage({ text }: { text: string }) {
  return (
    <article aria-label={m.chat.agent}>
      <Markdown text={text} />
    </article>
  );
}
