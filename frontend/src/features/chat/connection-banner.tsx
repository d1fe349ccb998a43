import { Button } from "@/components/button";
import { Spinner } from "@/components/icons";
import { m } from "@/i18n/language";
import type { Connection } from "@/wire/conversation-socket";

interface ConnectionBannerProps {
  connection: Connection;
  /** Why the server ended the session, if it said. */
  why: string | null;
  isResuming: boolean;
  onResume: () => void;
  onRetry: () => void;
}

function refusalInWords(message: string): string {
  if (message === "invalid_session_api_key") {
    return m.chat.connection.badKey;
  }
  return m.chat.connection.refused(message);
}

/** Says what is wrong with the connection, over the transcript so that nothing moves. */
export function ConnectionBanner({ connection, why, isResuming, onResume, onRetry }: ConnectionBannerProps) {
  if (connection.kind === "connected" || connection.kind === "connecting") return null;
  return (
    <div className="pointer-events-none absolute inset-x-0 top-3 z-10 flex justify-center px-3" role="status">
      <div className="pointer-events-auto flex max-w-full items-center gap-3 rounded-xl border border-line-strong bg-raised px-4 py-2 text-sm shadow-lg">
        {connection.kind === "reconnecting" && (
          <>
            <Spinner className="size-4 text-warn" />
            <span>
              {m.chat.connection.lost}
              {connection.attempt > 1 && <span className="text-muted"> {m.chat.connection.attempt(connection.attempt)}</span>}
            </span>
          </>
        )}
        {connection.kind === "ended" && (
          <>
            <span>{isResuming ? m.chat.connection.starting : (why ?? m.chat.connection.ended)}</span>
            <Button look="primary" onClick={onResume} disabled={isResuming} className="min-h-8">
              {isResuming && <Spinner />} {m.chat.connection.resume}
            </Button>
          </>
        )}
        {connection.kind === "refused" && (
          <>
            <span className="text-bad">{refusalInWords(connection.message)}</span>
            <Button onClick={onRetry} className="min-h-8">
              {m.common.tryAgain}
            </Button>
          </>
        )}
      </div>
    </div>
  );
}
