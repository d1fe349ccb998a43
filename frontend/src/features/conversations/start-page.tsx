import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";

import { conversationKeys, createConversation } from "@/api/conversations";
import { describeError } from "@/api/http";
import { configQuery, effectiveModel, settingsQuery } from "@/api/settings";
import { Composer } from "@/components/composer";
import { Icon } from "@/components/icons";

const DEMO = "Show me what you can do (demo)";
const SUGGESTIONS = [
  "Write a small program and test it",
  "Explain the files in the workspace",
  "Find and fix a failing test",
];

interface StartPageProps {
  menu: ReactNode;
  /** Why we are here, if that was not the reader's own choice. */
  notice: string | null;
  onStarted: (id: string) => void;
}

/** Where a conversation begins. */
export function StartPage({ menu, notice, onStarted }: StartPageProps) {
  const queries = useQueryClient();
  const settings = useQuery(settingsQuery);
  const config = useQuery(configQuery);
  const create = useMutation({
    mutationFn: (text: string) => createConversation(text),
    onSuccess: (id) => {
      void queries.invalidateQueries({ queryKey: conversationKeys.list });
      onStarted(id);
    },
  });
  const isKnown = !settings.isPending && !config.isPending;
  const model = effectiveModel(settings.data, config.data);
  return (
    <main className="flex h-full min-w-0 flex-1 flex-col overflow-y-auto">
      <div className="flex h-14 shrink-0 items-center px-3 sm:px-5">{menu}</div>
      <div className="mx-auto flex w-full max-w-2xl flex-1 flex-col justify-center px-4 pb-[14vh] sm:px-6">
        {notice !== null && (
          <p role="status" className="mb-6 rounded-xl bg-warn-soft px-4 py-2.5 text-sm text-warn">
            {notice}
          </p>
        )}
        <h1 className="text-2xl font-semibold tracking-tight text-balance sm:text-[1.75rem] sm:leading-9">
          What should be done?
        </h1>
        <p className="mt-2 mb-6 max-w-xl text-muted">
          Describe a task. The agent runs commands and edits files in a workspace on this server while you watch; you can
          step in at any time.
        </p>
        <Composer
          draftKey="openhands.draft.new"
          label="What should be done?"
          placeholder="Build, fix, explain, or look into something…"
          rows={3}
          busy={create.isPending}
          onSend={async (text) => {
            await create.mutateAsync(text);
          }}
        />
        {create.error !== null && (
          <p role="alert" className="mt-3 rounded-xl bg-bad-soft px-4 py-2.5 text-sm text-bad">
            The conversation could not be started. {describeError(create.error)}
          </p>
        )}
        <ul className="mt-4 flex flex-wrap gap-2" aria-label="Suggestions">
          {[DEMO, ...SUGGESTIONS].map((text) => (
            <li key={text}>
              <button
                type="button"
                disabled={create.isPending}
                onClick={() => create.mutate(text)}
                className={`rounded-full border px-3.5 py-1.5 text-left text-sm transition-colors disabled:opacity-50 ${
                  text === DEMO
                    ? "border-accent/40 bg-accent-soft font-medium text-accent hover:border-accent"
                    : "border-line-strong text-muted hover:bg-raised hover:text-ink"
                }`}
              >
                {text}
              </button>
            </li>
          ))}
        </ul>
        <p className={`mt-8 flex min-h-12 items-start gap-2 text-sm text-muted ${isKnown ? "" : "invisible"}`}>
          <Icon name="flag" className="mt-1 size-4" />
          {model === "demo" ? (
            <span>
              The demo model is in use: it follows a script, but really runs its commands.{" "}
              <SettingsLink>Choose your own model</SettingsLink> for real work.
            </span>
          ) : (
            <span>
              Working with <strong className="font-medium text-ink">{model}</strong>.{" "}
              <SettingsLink>Change</SettingsLink>
            </span>
          )}
        </p>
      </div>
    </main>
  );
}

function SettingsLink({ children }: { children: ReactNode }) {
  return (
    <Link to="/settings" className="font-medium text-accent underline underline-offset-2">
      {children}
    </Link>
  );
}
