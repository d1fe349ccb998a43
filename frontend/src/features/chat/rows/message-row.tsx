import { Markdown } from "@/components/markdown";
import type { ActionOf } from "@/conversation/view";
import { clockTime } from "@/lib/format";
import type { OutboxEntry } from "@/wire/outbox";

function Bubble({ text, faded }: { text: string; faded: boolean }) {
  return (
    <div
      className={`max-w-[85%] rounded-2xl rounded-br-md bg-accent-soft px-4 py-2.5 whitespace-pre-wrap [overflow-wrap:anywhere] ${faded ? "opacity-70" : ""}`}
    >
      {text}
    </div>
  );
}

export function UserMessage({ event }: { event: ActionOf<"message"> }) {
  const images = (event.args.image_urls ?? []).filter((url) => url.startsWith("data:image/"));
  const files = event.args.file_urls ?? [];
  return (
    <article aria-label="You" className="flex flex-col items-end gap-1">
      <Bubble text={event.args.content} faded={false} />
      {images.map((url) => (
        <img key={url} src={url} alt="Attached" className="max-h-64 max-w-[85%] rounded-xl" />
      ))}
      {files.length > 0 && <p className="text-xs text-muted">Attached: {files.join(", ")}</p>}
      <time className="px-1 text-2xs text-muted">{clockTime(event.timestamp)}</time>
    </article>
  );
}

interface PendingMessageProps {
  entry: OutboxEntry;
  text: string;
  onDiscard: (clientId: string) => void;
  onRetry: (clientId: string, text: string) => void;
}

/** A message that the server has not confirmed yet, or has refused. */
export function PendingMessage({ entry, text, onDiscard, onRetry }: PendingMessageProps) {
  const { delivery, clientId } = entry;
  return (
    <article aria-label="You" className="flex flex-col items-end gap-1">
      <Bubble text={text} faded />
      {delivery.kind === "refused" ? (
        <p role="alert" className="flex flex-wrap justify-end gap-x-3 px-1 text-xs text-bad">
          Not sent: {delivery.message}
          <button type="button" className="font-medium underline" onClick={() => onRetry(clientId, text)}>
            Try again
          </button>
          <button type="button" className="font-medium underline" onClick={() => onDiscard(clientId)}>
            Discard
          </button>
        </p>
      ) : (
        <p className="px-1 text-2xs text-muted">sending…</p>
      )}
    </article>
  );
}

export function AgentMessage({ text }: { text: string }) {
  return (
    <article aria-label="OpenHands">
      <Markdown text={text} />
    </article>
  );
}
