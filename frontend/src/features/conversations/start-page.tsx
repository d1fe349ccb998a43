import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router";

import { conversationKeys, createFromTask } from "@/api/conversations";
import { tasksQuery, type SuggestedTask } from "@/api/git";
import type { GitProvider } from "@/api/git-providers";
import { describeError } from "@/api/http";
import { configQuery, effectiveModel, settingsQuery } from "@/api/settings";
import { Composer } from "@/components/composer";
import { Icon } from "@/components/icons";
import { NextStep } from "@/components/next-step";
import { m } from "@/i18n/language";

import { begin } from "./begin";
import { PlaceChooser } from "./place-chooser";
import { usePlace } from "./use-place";

/** Tasks that are offered at most. */
const MOST_TASKS = 4;
const NO_TOKENS: ReadonlyMap<GitProvider, string | null> = new Map();

interface StartPageProps {
  menu: ReactNode;
  /** Why we are here, if that was not the reader's own choice. */
  notice: string | null;
  onStarted: (id: string) => void;
}

type Start = { kind: "message"; text: string; files: readonly File[]; isTyped: boolean } | { kind: "task"; task: SuggestedTask };

/** Where a conversation begins. */
export function StartPage({ menu, notice, onStarted }: StartPageProps) {
  const texts = m.conversations.start;
  const queries = useQueryClient();
  const settings = useQuery(settingsQuery);
  const config = useQuery(configQuery);
  const [place, setPlace] = usePlace();
  const tokens = settings.data?.gitHosts ?? NO_TOKENS;
  const tasks = useQuery({ ...tasksQuery, enabled: tokens.size > 0 });
  const create = useMutation({
    mutationFn: (start: Start) =>
      start.kind === "task" ? createFromTask(start.task) : begin(start.text, start.files, place),
    onSuccess: (id) => {
      setPlace(null);
      void queries.invalidateQueries({ queryKey: conversationKeys.list });
      onStarted(id);
    },
  });
  const say = (text: string) => create.mutate({ kind: "message", text, files: [], isTyped: false });
  const isKnown = !settings.isPending && !config.isPending;
  const model = effectiveModel(settings.data, config.data);
  const isDemo = isKnown && model === "demo";
  const modelName = model === "demo" ? m.common.demoModel : model;
  return (
    <main className="flex h-full min-w-0 flex-1 flex-col overflow-y-auto">
      <div className="flex h-14 shrink-0 items-center px-3 sm:px-5">{menu}</div>
      <div className="mx-auto flex w-full max-w-2xl flex-1 flex-col px-4 pt-[6vh] pb-10 sm:px-6 sm:pt-[12vh]">
        {notice !== null && (
          <p role="status" className="mb-6 rounded-xl bg-warn-soft px-4 py-2.5 text-sm text-warn">
            {notice}
          </p>
        )}
        <h1 className="text-2xl font-semibold tracking-tight text-balance sm:text-[1.75rem] sm:leading-9">{texts.title}</h1>
        <p className="mt-2 mb-6 max-w-xl text-muted">{texts.intro}</p>
        <Composer
          draftKey="openhands.draft.new"
          label={texts.label}
          placeholder={texts.placeholder}
          rows={3}
          busy={create.isPending}
          onSend={async (text, files) => {
            await create.mutateAsync({ kind: "message", text, files, isTyped: true });
          }}
        />
        <div className="mt-3 flex min-h-8 flex-wrap items-center gap-2">
          <PlaceChooser place={place} tokens={tokens} onChange={setPlace} />
          <Link
            to="/settings/model"
            aria-label={texts.changeModel(modelName)}
            title={texts.changeModel(modelName)}
            className={`flex min-h-8 min-w-0 items-center gap-1.5 rounded-full px-2 text-[0.8125rem] text-muted hover:text-ink sm:ml-auto ${isKnown ? "" : "invisible"}`}
          >
            <Icon name="thought" className="size-3.5" />
            <span className="truncate">{modelName}</span>
          </Link>
        </div>
        {/* The field says itself why it got its text back. */}
        {create.error !== null && !(create.variables.kind === "message" && create.variables.isTyped) && (
          <p role="alert" className="mt-3 rounded-xl bg-bad-soft px-4 py-2.5 text-sm wrap-anywhere text-bad">
            {texts.failed(describeError(create.error))}
          </p>
        )}
        <ul className={`mt-5 flex flex-wrap gap-2 ${isKnown ? "" : "invisible"}`} aria-label={texts.suggestionsLabel}>
          {isDemo && (
            <Suggestion isFirst text={texts.demo} isDisabled={create.isPending} onClick={() => say(texts.demo)} />
          )}
          {texts.suggestions.map((text) => (
            <Suggestion key={text} text={text} isDisabled={create.isPending} onClick={() => say(text)} />
          ))}
        </ul>
        {tasks.data !== undefined && tasks.data.length > 0 && (
          <Tasks tasks={tasks.data} isDisabled={create.isPending} onChoose={(task) => create.mutate({ kind: "task", task })} />
        )}
        {isDemo && (
          <NextStep text={texts.demoInUse} action={m.common.ownModel} to="/settings/model" className="mt-8" />
        )}
      </div>
    </main>
  );
}

interface SuggestionProps {
  text: string;
  isFirst?: boolean;
  isDisabled: boolean;
  onClick: () => void;
}

function Suggestion({ text, isFirst = false, isDisabled, onClick }: SuggestionProps) {
  return (
    <li>
      <button
        type="button"
        disabled={isDisabled}
        onClick={onClick}
        className={`rounded-full border px-3.5 py-1.5 text-left text-sm transition-colors disabled:opacity-50 ${
          isFirst
            ? "border-accent/40 bg-accent-soft font-medium text-accent hover:border-accent"
            : "border-line-strong text-muted hover:bg-raised hover:text-ink"
        }`}
      >
        {text}
      </button>
    </li>
  );
}

interface TasksProps {
  tasks: readonly SuggestedTask[];
  isDisabled: boolean;
  onChoose: (task: SuggestedTask) => void;
}

/** What the git hosting services say is waiting. */
function Tasks({ tasks, isDisabled, onChoose }: TasksProps) {
  const texts = m.conversations.start;
  return (
    <section className="mt-6" aria-label={texts.tasksLabel}>
      <h2 className="mb-1.5 text-xs text-muted">{texts.tasksLabel}</h2>
      <ul className="divide-y divide-line rounded-xl border border-line bg-raised">
        {tasks.slice(0, MOST_TASKS).map((task) => (
          <li key={`${task.type} ${task.repository} ${task.number}`}>
            <button
              type="button"
              disabled={isDisabled}
              onClick={() => onChoose(task)}
              className="block w-full px-3.5 py-2 text-left text-sm leading-5 -outline-offset-2 hover:bg-panel disabled:opacity-50"
            >
              <span className="block truncate">{task.title}</span>
              <span className="block truncate text-xs text-muted">
                {texts.tasks[task.type]} · {task.repository} #{task.number}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
