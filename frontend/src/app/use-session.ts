import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { conversationById, conversationKeys, isJoinable, startConversation, type Conversation } from "@/api/conversations";
import { describeError } from "@/api/http";
import { m } from "@/i18n/language";

/** How long a session may take to start again, in tries of half a second. */
const RESUME_TRIES = 120;

export interface Session {
  /** Null if the server does not know it, undefined until it has answered. */
  conversation: Conversation | null | undefined;
  /** Could a socket join since this page was opened? */
  wasJoinable: boolean;
  failure: string | null;
  isResuming: boolean;
  retry: () => void;
  resume: (then: () => void) => void;
}

/** The server's side of a conversation: started if it is stopped, and started again when asked. */
export function useSession(id: string): Session {
  const queries = useQueryClient();
  const conversation = useQuery(conversationById(id));
  const start = useMutation({
    mutationFn: () => startConversation(id),
    onSuccess: () => queries.invalidateQueries({ queryKey: conversationKeys.one(id) }),
  });
  const { data } = conversation;

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
      for (let tries = 0; tries < RESUME_TRIES; tries += 1) {
        const now = await queries.query({ ...conversationById(id), staleTime: 0 });
        if (now !== null && isJoinable(now)) return;
        await new Promise((done) => setTimeout(done, 500));
      }
      throw new Error(m.shell.startTimeout);
    },
  });

  // The list shows the same title and state as this page.
  const shown = data == null ? "" : `${data.title} ${data.status} ${data.runtimeStatus}`;
  useEffect(() => {
    if (shown !== "") void queries.invalidateQueries({ queryKey: conversationKeys.list });
  }, [shown, queries]);

  const failure = conversation.error ?? start.error ?? resume.error;
  return {
    conversation: data,
    wasJoinable,
    failure: failure === null ? null : describeError(failure),
    isResuming: resume.isPending,
    retry: () => {
      void conversation.refetch();
      if (start.isError) start.mutate();
    },
    resume: (then) => resume.mutate(undefined, { onSuccess: then }),
  };
}
