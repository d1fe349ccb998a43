import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { modelsQuery, testModel } from "@/api/models";
import { effectiveModel } from "@/api/settings";
import { Button } from "@/components/button";
import { Choices } from "@/components/form-fields";
import { Icon, Spinner } from "@/components/icons";
import { m } from "@/i18n/language";

import { OuterLink, SaveRow, SectionFrame, useReportDirty } from "@/features/settings/section-frame";
import type { SectionProps } from "@/features/settings/sections";
import { useDraft } from "@/features/settings/use-draft";
import { useSaveSettings } from "@/features/settings/use-save";
import { changeOf, choiceOf, problemsOf, storedDraft, storedKeyFits, type ModelDraft } from "./model-draft";
import { AddressField, KeyField, NameField } from "./model-fields";
import { LocalServers } from "./local-servers";
import { joinModel, PROVIDERS, providerOf, splitModel, suggestionsFor, type Provider } from "./providers";
import { TestResult } from "./test-result";

/** Which model works, where it is, and with which key. */
export function ModelSection({ settings, config, onDirty }: SectionProps) {
  const texts = m.settings.model;
  const models = useQuery(modelsQuery);
  const stored = storedDraft(settings, config);
  const draft = useDraft<ModelDraft>(stored);
  const save = useSaveSettings();
  const test = useMutation({ mutationFn: () => testModel(choiceOf(value, keepsKey), AbortSignal.timeout(90_000)) });
  const [isTried, setTried] = useState(false);
  useReportDirty(draft.isDirty, onDirty);

  const { value } = draft;
  const provider = providerOf(value.provider);
  const fits = storedKeyFits(value, stored, settings);
  const keepsKey = fits && !value.removesKey;
  const problems = problemsOf(value, keepsKey, config);
  const shown = isTried ? problems : {};
  const isWrong = Object.keys(problems).length > 0;

  const set = (change: Partial<ModelDraft>) => {
    draft.set(change);
    save.reset();
    test.reset();
  };
  const store = async (chosen: ModelDraft, keeps: boolean) => {
    test.reset();
    await save.mutateAsync(changeOf(chosen, keeps, settings));
    draft.discard();
    setTried(false);
  };
  const refusal = test.data?.ok === false ? test.data.kind : null;
  return (
    <SectionFrame title={m.settings.sections.model} intro={texts.intro}>
      {effectiveModel(settings, config) === "demo" && (
        <p className="mb-4 flex items-start gap-2.5 rounded-xl bg-accent-soft px-4 py-3 text-sm leading-5">
          <Icon name="flag" className="mt-0.5 text-accent" />
          <span>{texts.demoInUse}</span>
        </p>
      )}
      <LocalServers
        used={{ model: settings?.model ?? "", baseUrl: settings?.baseUrl ?? "" }}
        isSaving={save.isPending}
        onUse={(model, baseUrl) => {
          const chosen = { ...splitModel(model, baseUrl), baseUrl, apiKey: "", removesKey: false };
          void store(chosen, storedKeyFits(chosen, stored, settings)).catch(() => draft.set(chosen));
        }}
      />
      <form
        noValidate
        className="space-y-6"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          // What went wrong is shown by the mutation.
          if (!isWrong) store(value, keepsKey).catch(() => undefined);
        }}
      >
        <Choices
          label={texts.provider}
          value={value.provider}
          options={PROVIDERS.map((one) => ({ value: one.id, label: titleOf(one) }))}
          onChange={(id) => {
            setTried(false);
            // A key goes to nobody but the one it was entered for.
            set(id === stored.provider ? stored : { provider: id, name: "", baseUrl: "", apiKey: "", removesKey: false });
          }}
          className="grid-cols-2 sm:grid-cols-3"
        />
        <div className="rounded-lg bg-panel px-3.5 py-2.5 text-sm leading-5">
          <p>{texts.providers[value.provider]}</p>
          {provider.keyPage !== null && <OuterLink href={provider.keyPage}>{texts.keyPage}</OuterLink>}
        </div>
        {value.provider !== "demo" && (
          <>
            <NameField
              provider={provider}
              value={value.name}
              placeholder={value.provider === "other" ? (config.defaultModel ?? "") : ""}
              suggestions={suggestionsFor(value.provider, models.data ?? [])}
              error={shown.name ?? null}
              onChange={(name) => set({ name })}
            />
            {provider.key !== "none" && (
              <KeyField
                isOptional={provider.key === "possible"}
                value={value.apiKey}
                stored={!settings?.hasApiKey ? "none" : !fits ? "leaves" : value.removesKey ? "removed" : "kept"}
                error={shown.apiKey ?? (refusal === "STATUS$ERROR_LLM_AUTHENTICATION" ? texts.keyRefused : null)}
                onChange={(apiKey) => set({ apiKey })}
                onRemove={(removesKey) => set({ removesKey })}
              />
            )}
            {provider.address !== "none" && (
              <AddressField
                key={value.provider}
                provider={provider}
                value={value.baseUrl}
                error={shown.baseUrl ?? (refusal === "STATUS$ERROR_LLM_SERVICE_UNAVAILABLE" ? texts.baseUrlUnreachable : null)}
                onChange={(baseUrl) => set({ baseUrl })}
              />
            )}
          </>
        )}
        <SaveRow
          isDirty={draft.isDirty}
          save={save}
          problem={isTried && isWrong ? m.settings.needsAttention : null}
          done={texts.saved(effectiveModel(settings, config))}
          above={<TestResult result={test.data} error={test.error} />}
          onDiscard={() => {
            draft.discard();
            setTried(false);
            save.reset();
            test.reset();
          }}
        >
          <Button
            disabled={test.isPending || joinModel(value) === ""}
            title={texts.testHint}
            className="min-w-20"
            onClick={() => {
              setTried(true);
              if (!isWrong) test.mutate();
            }}
          >
            {test.isPending && <Spinner />}
            {test.isPending ? texts.testing : texts.test}
          </Button>
        </SaveRow>
      </form>
    </SectionFrame>
  );
}

function titleOf({ id, brand }: Provider): string {
  if (brand !== null) return brand;
  const names: Partial<Record<string, string>> = m.settings.model.names;
  return names[id] ?? id;
}
