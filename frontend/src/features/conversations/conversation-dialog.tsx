import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import {
  conversationKeys,
  deleteConversation,
  renameConversation,
  type Conversation,
} from "@/api/conversations";
import { describeError } from "@/api/http";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { m } from "@/i18n/language";

interface ConversationDialogProps {
  conversation: Conversation;
  onClose: () => void;
  onDeleted: () => void;
}

/** Renames a conversation, or deletes it after asking once more. */
export function ConversationDialog({ conversation, onClose, onDeleted }: ConversationDialogProps) {
  const queries = useQueryClient();
  const [title, setTitle] = useState(conversation.title);
  const [asksToDelete, setAsksToDelete] = useState(false);
  const refresh = () => queries.invalidateQueries({ queryKey: conversationKeys.list });
  const rename = useMutation({
    mutationFn: () => renameConversation(conversation.id, title.trim()),
    onSuccess: async () => {
      await refresh();
      void queries.invalidateQueries({ queryKey: conversationKeys.one(conversation.id) });
      onClose();
    },
  });
  const remove = useMutation({
    mutationFn: () => deleteConversation(conversation.id),
    onSuccess: () => {
      void refresh();
      onDeleted();
    },
  });
  const error = rename.error ?? remove.error;
  const problem = error !== null && (
    <p role="alert" className="mt-3 text-sm text-bad">
      {describeError(error)}
    </p>
  );

  if (asksToDelete) {
    return (
      <Dialog title={m.conversations.remove.title} onClose={onClose}>
        <p className="mt-2 text-sm text-muted">
          {m.conversations.remove.help(conversation.title)}
        </p>
        {problem}
        <div className="mt-5 flex justify-end gap-2">
          <Button onClick={onClose} autoFocus>
            {m.conversations.remove.keep}
          </Button>
          <Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            {m.conversations.remove.submit}
          </Button>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title={m.conversations.rename.title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (title.trim() !== "") rename.mutate();
        }}
      >
        <input
          value={title}
          maxLength={200}
          aria-label={m.conversations.rename.label}
          autoFocus
          onFocus={(event) => event.target.select()}
          onChange={(event) => setTitle(event.target.value)}
          className="mt-3 w-full rounded-lg border border-line-strong bg-page px-3 py-2 text-base sm:text-sm"
        />
        {problem}
        <div className="mt-5 flex gap-2">
          <Button look="quiet" className="mr-auto -ml-2 !text-bad" onClick={() => setAsksToDelete(true)}>
            {m.conversations.rename.delete}
          </Button>
          <Button onClick={onClose}>{m.common.cancel}</Button>
          <Button type="submit" look="primary" disabled={title.trim() === "" || rename.isPending}>
            {m.conversations.rename.submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
