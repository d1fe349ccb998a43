import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { describeError } from "@/api/http";
import { trustReport, trustWorkspace } from "@/api/trust";
import { Button } from "@/components/button";
import { m } from "@/i18n/language";
import { readStored, writeStored } from "@/lib/stored-text";

interface TrustNoticeProps {
  conversationId: string;
  /** Is there a session, so that there is a workspace to look at? */
  isLive: boolean;
}

const NAMED = 3;

/** Asks whether instructions that came with a repository may speak to the agent. */
export function TrustNotice({ conversationId: id, isLive }: TrustNoticeProps) {
  const queries = useQueryClient();
  const report = useQuery({ ...trustReport(id), enabled: isLive });
  const storageKey = `openhands.trust.${id}`;
  const [isDeclined, setDeclined] = useState(() => readStored(storageKey) !== "");
  const trust = useMutation({
    mutationFn: () => trustWorkspace(id),
    onSuccess: (answer) => queries.setQueryData(trustReport(id).queryKey, answer),
  });
  const waiting = report.data?.waiting ?? [];
  if (isDeclined || report.data?.isTrusted !== false || waiting.length === 0) return null;
  const words = m.chat.trust;
  const names = waiting.slice(0, NAMED).join(", ");
  return (
    <section aria-label={words.title} className="mb-2 rounded-xl border border-line bg-raised px-4 py-3 text-sm" data-testid="trust">
      <p className="font-medium">{words.title}</p>
      <p className="mt-1 font-mono text-xs [overflow-wrap:anywhere]">
        {waiting.length > NAMED ? words.more(names, waiting.length - NAMED) : names}
      </p>
      <p className="mt-1 text-muted">{words.help}</p>
      {trust.isError && (
        <p role="alert" className="mt-1 text-bad">
          {describeError(trust.error)}
        </p>
      )}
      <div className="mt-2 flex justify-end gap-2">
        <Button
          look="quiet"
          className="min-h-8"
          onClick={() => {
            setDeclined(true);
            writeStored(storageKey, "no");
          }}
        >
          {words.decline}
        </Button>
        <Button className="min-h-8" disabled={trust.isPending} onClick={() => trust.mutate()}>
          {words.accept}
        </Button>
      </div>
    </section>
  );
}
