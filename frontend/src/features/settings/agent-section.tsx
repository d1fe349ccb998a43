import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { securityAnalyzersQuery, type Settings, type SettingsChange } from "@/api/settings";
import { Choices, SelectField, Switch, TextField } from "@/components/form-fields";
import { m } from "@/i18n/language";

import { OuterLink, SaveRow, SectionFrame, useReportDirty } from "./section-frame";
import type { SectionProps } from "./sections";
import { amountOf, numberWithin, useDraft } from "./use-draft";
import { useSaveSettings } from "./use-save";

const MOST = 100_000;
const FEWEST_EVENTS = 20;

/** What waits for the user; `server` is what the server's configuration says. */
type Confirm = "server" | "never" | "risky" | "always";

interface AgentDraft {
  confirm: Confirm;
  analyzer: string;
  steps: string;
  budget: string;
  condenses: boolean;
  condenserSize: string;
  searchKey: string;
  removesSearchKey: boolean;
}

/** How the server spells "ask for everything". */
const NO_ANALYZER = "none";

function storedConfirm(settings: Settings | null): Confirm {
  if (settings === null || settings.confirmationMode === null) return "server";
  if (!settings.confirmationMode) return "never";
  return settings.securityAnalyzer === NO_ANALYZER ? "always" : "risky";
}

export function storedAgent(settings: Settings | null): AgentDraft {
  const analyzer = settings?.securityAnalyzer ?? "";
  return {
    confirm: storedConfirm(settings),
    analyzer: analyzer === NO_ANALYZER ? "" : analyzer,
    steps: settings?.maxIterations?.toString() ?? "",
    budget: settings?.maxBudget?.toString() ?? "",
    condenses: settings?.condenses ?? true,
    condenserSize: settings?.condenserSize?.toString() ?? "",
    searchKey: "",
    removesSearchKey: false,
  };
}

type Problems = Partial<Record<"steps" | "budget" | "condenserSize" | "searchKey", string>>;

export function agentProblems(draft: AgentDraft): Problems {
  const texts = m.settings.agent;
  const problems: Problems = {};
  const key = draft.searchKey.trim();
  if (Number.isNaN(numberWithin(draft.steps, 1, MOST))) problems.steps = texts.stepsWrong;
  if (Number.isNaN(amountOf(draft.budget))) problems.budget = texts.budgetWrong;
  if (Number.isNaN(numberWithin(draft.condenserSize, FEWEST_EVENTS, MOST))) problems.condenserSize = texts.condenserSizeWrong;
  if (key !== "" && !key.startsWith("tvly-")) problems.searchKey = texts.searchWrong;
  return problems;
}

export function agentChange(draft: AgentDraft): SettingsChange {
  const key = draft.searchKey.trim();
  const analyzer = draft.confirm === "always" ? NO_ANALYZER : draft.analyzer || null;
  return {
    // What nobody chose stays with the server.
    ...(draft.confirm === "server" ? {} : { confirmationMode: draft.confirm !== "never", securityAnalyzer: analyzer }),
    maxIterations: numberWithin(draft.steps, 1, MOST),
    maxBudget: amountOf(draft.budget),
    condenses: draft.condenses,
    condenserSize: numberWithin(draft.condenserSize, FEWEST_EVENTS, MOST),
    ...(key !== "" || draft.removesSearchKey ? { searchKey: key } : {}),
  };
}

/** How far the agent may go by itself. */
export function AgentSection({ settings, onDirty }: SectionProps) {
  const texts = m.settings.agent;
  const analyzers = useQuery(securityAnalyzersQuery);
  const draft = useDraft(storedAgent(settings));
  const save = useSaveSettings();
  const [isTried, setTried] = useState(false);
  useReportDirty(draft.isDirty, onDirty);
  const { value } = draft;
  const problems = agentProblems(value);
  const isWrong = Object.keys(problems).length > 0;
  const shown = isTried ? problems : {};
  const set = (change: Partial<AgentDraft>) => {
    draft.set(change);
    save.reset();
  };
  const discard = () => {
    draft.discard();
    setTried(false);
  };
  const hasKey = settings?.hasSearchKey === true;
  const choices = (analyzers.data ?? []).filter((name) => name !== NO_ANALYZER);
  return (
    <SectionFrame title={m.settings.sections.agent} intro={texts.intro}>
      <form
        noValidate
        className="space-y-6"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (!isWrong) save.mutate(agentChange(value), { onSuccess: discard });
        }}
      >
        <Choices
          label={texts.confirm}
          hint={texts.confirmHint}
          value={value.confirm}
          onChange={(confirm) => set({ confirm })}
          options={[
            ...(storedConfirm(settings) === "server"
              ? [{ value: "server" as const, label: texts.confirmServer, hint: texts.confirmServerHint }]
              : []),
            { value: "never", label: texts.confirmNever, hint: texts.confirmNeverHint },
            { value: "risky", label: texts.confirmRisky, hint: texts.confirmRiskyHint },
            { value: "always", label: texts.confirmAlways, hint: texts.confirmAlwaysHint },
          ]}
        />
        {choices.length > 0 && value.confirm === "risky" && (
          <SelectField
            label={texts.analyzer}
            hint={texts.analyzerHint}
            value={value.analyzer}
            onChange={(analyzer) => set({ analyzer })}
            options={[{ value: "", label: texts.analyzerUsual }, ...choices.map((name) => ({ value: name, label: name }))]}
          />
        )}
        <div className="grid gap-6 sm:grid-cols-2">
          <TextField
            label={texts.steps}
            hint={texts.stepsHint}
            error={shown.steps ?? null}
            inputMode="numeric"
            value={value.steps}
            onChange={(steps) => set({ steps })}
          />
          <TextField
            label={texts.budget}
            hint={texts.budgetHint}
            error={shown.budget ?? null}
            inputMode="decimal"
            value={value.budget}
            onChange={(budget) => set({ budget })}
          />
        </div>
        <div className="space-y-4 rounded-xl border border-line px-4 py-3.5">
          <Switch
            label={texts.condenser}
            hint={texts.condenserHint}
            checked={value.condenses}
            onChange={(condenses) => set({ condenses })}
          />
          <TextField
            label={texts.condenserSize}
            hint={texts.condenserSizeHint}
            error={shown.condenserSize ?? null}
            inputMode="numeric"
            disabled={!value.condenses}
            value={value.condenserSize}
            onChange={(condenserSize) => set({ condenserSize })}
          />
        </div>
        <TextField
          label={texts.search}
          hint={value.removesSearchKey ? texts.searchRemoved : hasKey ? texts.searchStored : texts.searchHint}
          error={shown.searchKey ?? null}
          type="password"
          value={value.searchKey}
          placeholder={hasKey && !value.removesSearchKey ? "••••••••••••" : ""}
          onChange={(searchKey) => set({ searchKey })}
          action={
            hasKey ? (
              <button
                type="button"
                onClick={() => set({ removesSearchKey: !value.removesSearchKey })}
                className="text-xs text-muted underline underline-offset-2 hover:text-ink"
              >
                {value.removesSearchKey ? m.settings.model.keepKey : m.settings.model.removeKey}
              </button>
            ) : (
              <OuterLink href="https://app.tavily.com">{texts.tavily}</OuterLink>
            )
          }
        />
        <SaveRow
          isDirty={draft.isDirty}
          save={save}
          problem={isTried && isWrong ? m.settings.needsAttention : null}
          done={m.settings.fromNowOn}
          onDiscard={discard}
        />
      </form>
    </SectionFrame>
  );
}
