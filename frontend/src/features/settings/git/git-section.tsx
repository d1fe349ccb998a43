import { useCallback, useState } from "react";

import { GIT_PROVIDERS, type GitProvider } from "@/api/git-providers";
import { TextField } from "@/components/form-fields";
import { m } from "@/i18n/language";

import { SaveRow, SectionFrame, useReportDirty } from "@/features/settings/section-frame";
import type { SectionProps } from "@/features/settings/sections";
import { useDraft } from "@/features/settings/use-draft";
import { useSaveSettings } from "@/features/settings/use-save";
import { ProviderCard } from "./provider-card";

/** Tokens for git hosting, and who commits. */
export function GitSection({ settings, onDirty }: SectionProps) {
  const texts = m.settings.git;
  const hosts = settings?.gitHosts ?? new Map<GitProvider, string | null>();
  const [entered, setEntered] = useState<readonly GitProvider[]>([]);
  const draft = useDraft({ name: settings?.gitName ?? "", email: settings?.gitEmail ?? "" });
  const save = useSaveSettings();
  const [isTried, setTried] = useState(false);
  useReportDirty(draft.isDirty || entered.length > 0, onDirty);
  const onEntered = useCallback((provider: GitProvider, isEntered: boolean) => {
    setEntered((old) => (isEntered === old.includes(provider) ? old : isEntered ? [...old, provider] : old.filter((one) => one !== provider)));
  }, []);
  const { name, email } = draft.value;
  const isWrong = email.trim() !== "" && !/^\S+@\S+$/.test(email.trim());
  const discard = () => {
    draft.discard();
    setTried(false);
  };
  const set = (change: Partial<typeof draft.value>) => {
    draft.set(change);
    save.reset();
  };
  return (
    <SectionFrame title={m.settings.sections.git} intro={texts.intro}>
      <div className="divide-y divide-line rounded-xl border border-line bg-raised">
        {GIT_PROVIDERS.map((provider) => (
          <ProviderCard
            key={provider}
            provider={provider}
            hosts={hosts}
            onEntered={onEntered}
          />
        ))}
      </div>
      <form
        noValidate
        className="mt-8"
        aria-label={texts.identity}
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (!isWrong) save.mutate({ gitName: name.trim(), gitEmail: email.trim() }, { onSuccess: discard });
        }}
      >
        <h3 className="text-sm font-medium">{texts.identity}</h3>
        <p className="mt-0.5 mb-4 text-xs text-muted">{texts.identityHelp}</p>
        <div className="grid gap-5 sm:grid-cols-2">
          <TextField label={texts.name} value={name} placeholder={texts.nameExample} onChange={(entered) => set({ name: entered })} />
          <TextField
            label={texts.email}
            type="email"
            error={isTried && isWrong ? texts.emailWrong : null}
            value={email}
            placeholder={texts.emailExample}
            onChange={(entered) => set({ email: entered })}
          />
        </div>
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
